<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<context>
    <name>CanvasArea</name>
    <message>
        <source>Open a folder of images</source>
        <translation>打开图像文件夹</translation>
    </message>
    <message>
        <source>PNG, JPEG, BMP, TIFF or DICOM. Or drop a folder here.</source>
        <translation>支持 PNG、JPEG、BMP、TIFF 和 DICOM。也可以把文件夹拖到这里。</translation>
    </message>
    <message>
        <source>An image is being opened</source>
        <translation>正在打开图像</translation>
    </message>
    <message>
        <source>A large one takes some seconds.</source>
        <translation>大图像需要几秒钟。</translation>
    </message>
    <message>
        <source>No image is open</source>
        <translation>没有打开图像</translation>
    </message>
    <message>
        <source>Choose one on the left, or press D for the next.</source>
        <translation>请在左侧选择一幅，或按 D 打开下一幅。</translation>
    </message>
    <message>
        <source>{folder} holds no PNG, JPEG, BMP, TIFF or DICOM files. Put some into it and open it again, or open another folder.</source>
        <translation>{folder} 中没有 PNG、JPEG、BMP、TIFF 或 DICOM 文件。请放入图像后重新打开，或打开其他文件夹。</translation>
    </message>
    <message>
        <source>No images here</source>
        <translation>这里没有图像</translation>
    </message>
</context>
<context>
    <name>CanvasChips</name>
    <message>
        <source>W {width}   L {level}</source>
        <translation>窗宽 {width}   窗位 {level}</translation>
    </message>
    <message>
        <source>Slice {row} of {count}</source>
        <translation>第 {row} 层，共 {count} 层</translation>
    </message>
    <message>
        <source>Image {row} of {count}</source>
        <translation>第 {row} 幅，共 {count} 幅</translation>
    </message>
</context>
<context>
    <name>ClassEditor</name>
    <message>
        <source>Colour</source>
        <translation>颜色</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Choose</source>
        <translation>选择</translation>
    </message>
    <message>
        <source>Another class has this name.</source>
        <translation>已有同名的类别。</translation>
    </message>
</context>
<context>
    <name>ClassPanel</name>
    <message>
        <source>Classes</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>More about classes</source>
        <translation>更多类别操作</translation>
    </message>
</context>
<context>
    <name>ClassRow</name>
    <message>
        <source>Rename or recolour {name}</source>
        <translation>重命名{name}或更改颜色</translation>
    </message>
    <message>
        <source>Hide {name}</source>
        <translation>隐藏{name}</translation>
    </message>
    <message>
        <source>Show {name}</source>
        <translation>显示{name}</translation>
    </message>
    <message>
        <source>Let {name} be painted over</source>
        <translation>取消保护{name}</translation>
    </message>
    <message>
        <source>Protect {name}</source>
        <translation>保护{name}</translation>
    </message>
</context>
<context>
    <name>CleanOptions</name>
    <message>
        <source>this class</source>
        <translation>当前类别</translation>
    </message>
    <message>
        <source>all classes</source>
        <translation>所有类别</translation>
    </message>
    <message>
        <source>Tidies</source>
        <translation>整理</translation>
    </message>
    <message>
        <source>Below</source>
        <translation>小于</translation>
    </message>
    <message>
        <source>Within</source>
        <translation>半径</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>Take back</source>
        <translation>撤回</translation>
    </message>
</context>
<context>
    <name>FolderPanel</name>
    <message>
        <source>Images</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>搜索</translation>
    </message>
    <message>
        <source>Search images by name</source>
        <translation>按名称搜索图像</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>清除搜索</translation>
    </message>
    <message>
        <source>Most useful first</source>
        <translation>最有用的在前</translation>
    </message>
    <message>
        <source>First the images that the model is least sure of, and that lie apart from labelled ones: their labels teach it most. Predict the folder before.</source>
        <translation>先列出模型最没有把握、又远离有标签图像的图像：它们的标签最有助于学习。请先预测文件夹。</translation>
    </message>
    <message>
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>To do {count}</source>
        <translation>待处理 {count}</translation>
    </message>
    <message>
        <source>Labelled {count}</source>
        <translation>有标签 {count}</translation>
    </message>
    <message>
        <source>Open a folder to see its images here.</source>
        <translation>打开文件夹后，图像会显示在这里。</translation>
    </message>
    <message>
        <source>This folder holds no images. Put some into it, or open another folder.</source>
        <translation>此文件夹中没有图像。请放入图像，或打开其他文件夹。</translation>
    </message>
    <message>
        <source>No image matches. Clear the search, or choose All.</source>
        <translation>没有符合条件的图像。请清除搜索，或选择“全部”。</translation>
    </message>
</context>
<context>
    <name>Histogram</name>
    <message>
        <source>Window and level</source>
        <translation>窗宽窗位</translation>
    </message>
</context>
<context>
    <name>HistoryList</name>
    <message>
        <source>History</source>
        <translation>历史记录</translation>
    </message>
</context>
<context>
    <name>HistoryModel</name>
    <message>
        <source>older steps were dropped</source>
        <translation>更早的步骤已丢弃</translation>
    </message>
    <message>
        <source>at the beginning</source>
        <translation>最初状态</translation>
    </message>
    <message>
        <source>{edit}, {name}</source>
        <translation>{edit}，{name}</translation>
    </message>
</context>
<context>
    <name>HistoryPanel</name>
    <message>
        <source>History</source>
        <translation>历史记录</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>steps: {steps}, {size}</source>
        <translation>{steps} 步，{size}</translation>
    </message>
</context>
<context>
    <name>JobBar</name>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>{count} more</source>
        <translation>另有 {count} 项</translation>
    </message>
</context>
<context>
    <name>KeySheet</name>
    <message>
        <source>Keys</source>
        <translation>快捷键</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Lightning Segmenter</source>
        <translation>闪电分割</translation>
    </message>
</context>
<context>
    <name>ModelLabelsChoice</name>
    <message>
        <source>Learn from the model&apos;s pixels, too</source>
        <translation>也从模型的像素中学习</translation>
    </message>
    <message>
        <source>Pixels of saved labels that only the model has set, and nobody has accepted, count half of what a person&apos;s do. Otherwise they do not count at all. They never count in scores.</source>
        <translation>已保存的标签中，只由模型设定而无人接受的像素按人工像素的一半计入训练；否则完全不计入。它们从不计入评分。</translation>
    </message>
</context>
<context>
    <name>NoticeCard</name>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>详细信息</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Hide details</source>
        <translation>收起详细信息</translation>
    </message>
</context>
<context>
    <name>ProvenanceLine</name>
    <message>
        <source>you {share}</source>
        <translation>您 {share}</translation>
    </message>
    <message>
        <source>accepted {share}</source>
        <translation>已确认 {share}</translation>
    </message>
    <message>
        <source>model {share}</source>
        <translation>模型 {share}</translation>
    </message>
</context>
<context>
    <name>QAbstractFileIconProvider</name>
    <message>
        <source>Alias</source>
        <translation>替身</translation>
    </message>
    <message>
        <source>Drive</source>
        <translation>驱动器</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>File Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Shortcut</source>
        <translation>快捷方式</translation>
    </message>
    <message>
        <source>Unknown</source>
        <translation>未知</translation>
    </message>
</context>
<context>
    <name>QFileDialog</name>
    <message>
        <source>&amp;Look in:</source>
        <translation>查找范围(&amp;L)：</translation>
    </message>
    <message>
        <source>Files of &amp;type:</source>
        <translation>文件类型(&amp;T)：</translation>
    </message>
</context>
<context>
    <name>QuestionDialog</name>
    <message>
        <source>Question</source>
        <translation>请选择</translation>
    </message>
</context>
<context>
    <name>RangeFields</name>
    <message>
        <source>{name}, from</source>
        <translation>{name}，下限</translation>
    </message>
    <message>
        <source>{name}, to</source>
        <translation>{name}，上限</translation>
    </message>
    <message>
        <source>as the window</source>
        <translation>同窗位</translation>
    </message>
</context>
<context>
    <name>RecentMenu</name>
    <message>
        <source>Recent folders</source>
        <translation>最近的文件夹</translation>
    </message>
</context>
<context>
    <name>RecoveryDialog</name>
    <message>
        <source>Restore what was not saved</source>
        <translation>恢复未保存的内容</translation>
    </message>
    <message>
        <source>The program ended before these images were saved. Every stroke is still there.</source>
        <translation>程序在保存这些图像之前就结束了。每一笔都还在。</translation>
    </message>
    <message>
        <source>{count} strokes, last {time}</source>
        <translation>{count} 笔，最后一笔 {time}</translation>
    </message>
    <message>
        <source>1 stroke, {time}</source>
        <translation>1 笔，{time}</translation>
    </message>
    <message>
        <source>Discard</source>
        <translation>丢弃</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>以后再说</translation>
    </message>
    <message>
        <source>Look at it</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>恢复</translation>
    </message>
    <message>
        <source>Go back to what was saved; the strokes are put into kept/</source>
        <translation>回到已保存的状态；这些笔画移到 kept/ 中</translation>
    </message>
</context>
<context>
    <name>RuleOptions</name>
    <message>
        <source>Paints over</source>
        <translation>覆盖对象</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>数值</translation>
    </message>
    <message>
        <source>empty</source>
        <translation>空白</translation>
    </message>
    <message>
        <source>any</source>
        <translation>任意</translation>
    </message>
    <message>
        <source>one class</source>
        <translation>某一类别</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>a range</source>
        <translation>区间</translation>
    </message>
    <message>
        <source>in the selection</source>
        <translation>仅选区内</translation>
    </message>
</context>
<context>
    <name>RunsList</name>
    <message>
        <source>Runs</source>
        <translation>训练记录</translation>
    </message>
    <message>
        <source>run {number}</source>
        <translation>第 {number} 次</translation>
    </message>
    <message>
        <source>active</source>
        <translation>使用中</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>使用</translation>
    </message>
    <message>
        <source>Predict with run {number}</source>
        <translation>用第 {number} 次训练的模型预测</translation>
    </message>
    <message>
        <source>shipped model</source>
        <translation>自带模型</translation>
    </message>
    <message>
        <source>What the program came with</source>
        <translation>程序自带的模型</translation>
    </message>
    <message>
        <source>Predict with the shipped model</source>
        <translation>用自带模型预测</translation>
    </message>
    <message>
        <source>from scratch</source>
        <translation>从零开始</translation>
    </message>
    <message>
        <source>from {parent}</source>
        <translation>始于 {parent}</translation>
    </message>
    <message>
        <source>labels: {count}</source>
        <translation>标签：{count}</translation>
    </message>
    <message>
        <source>running</source>
        <translation>进行中</translation>
    </message>
    <message>
        <source>done</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>interrupted</source>
        <translation>已中断</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message>
        <source>untouched</source>
        <translation>未涂</translation>
    </message>
    <message>
        <source>History</source>
        <translation>历史记录</translation>
    </message>
    <message>
        <source>undo steps: {steps}, {size}</source>
        <translation>可撤销 {steps} 步，{size}</translation>
    </message>
    <message>
        <source>not saved</source>
        <translation>未保存</translation>
    </message>
    <message>
        <source>saving soon</source>
        <translation>即将保存</translation>
    </message>
    <message>
        <source>saved {ago}</source>
        <translation>{ago}已保存</translation>
    </message>
    <message>
        <source>{count} s ago</source>
        <translation>{count} 秒前</translation>
    </message>
    <message>
        <source>{count} min ago</source>
        <translation>{count} 分钟前</translation>
    </message>
    <message>
        <source>{count} h ago</source>
        <translation>{count} 小时前</translation>
    </message>
    <message>
        <source>no model</source>
        <translation>没有模型</translation>
    </message>
    <message>
        <source>model: {name}, Dice {dice:.1f}</source>
        <translation>模型：{name}，Dice {dice:.1f}</translation>
    </message>
    <message>
        <source>model: {name}</source>
        <translation>模型：{name}</translation>
    </message>
</context>
<context>
    <name>StrokeLine</name>
    <message>
        <source>Computing… Esc cancels</source>
        <translation>正在计算……按 Esc 取消</translation>
    </message>
</context>
<context>
    <name>ThresholdOptions</name>
    <message>
        <source>Threshold</source>
        <translation>阈值</translation>
    </message>
</context>
<context>
    <name>ToolOptions</name>
    <message>
        <source>Click corners, drag them, right-click removes one. Enter fills, Backspace takes back.</source>
        <translation>单击添加角点，拖动移动，右键单击删除。回车填充，退格撤回。</translation>
    </message>
    <message>
        <source>Draw around it. The line can then be changed by its corners; Enter fills.</source>
        <translation>沿轮廓拖动。之后可移动角点；回车填充。</translation>
    </message>
    <message>
        <source>Press, and drag right for more or left for less.</source>
        <translation>按住后向右拖动扩大，向左缩小。</translation>
    </message>
    <message>
        <source>Drag a box on the image to take its values. Enter paints what is tinted.</source>
        <translation>在图像上拖出方框以采用其中的数值。回车绘制着色的部分。</translation>
    </message>
    <message>
        <source>Drag a box around it. Left strokes add, right strokes take away, Enter paints.</source>
        <translation>拖出方框围住目标。左键笔画添加，右键笔画去除，回车绘制。</translation>
    </message>
    <message>
        <source>Sweep along an edge: it snaps to where the model decides.</source>
        <translation>沿边缘涂抹：边缘吸附到模型判定的位置。</translation>
    </message>
    <message>
        <source>Paint over what the model set and you agree with. The right button gives it back.</source>
        <translation>涂抹您认可的模型结果以确认。右键可退回给模型。</translation>
    </message>
    <message>
        <source>Drag a box, with Shift a free line. Tools and tidying then stay inside.</source>
        <translation>拖出方框，按住 Shift 可自由圈选。之后工具和整理只在其中生效。</translation>
    </message>
    <message>
        <source>Click a pixel to paint with its class. Alt+click does the same with any tool.</source>
        <translation>单击像素，即以其类别绘制。使用任何工具时，Alt+单击效果相同。</translation>
    </message>
    <message>
        <source>Drag to move the view. Space+drag does the same with any tool.</source>
        <translation>拖动以移动视图。使用任何工具时，空格+拖动效果相同。</translation>
    </message>
</context>
<context>
    <name>TopBar</name>
    <message>
        <source>Overlay</source>
        <translation>叠加层</translation>
    </message>
    <message>
        <source>Opacity of the overlay</source>
        <translation>叠加层不透明度</translation>
    </message>
</context>
<context>
    <name>TrainingCurves</name>
    <message>
        <source>loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>loss, 100 = {scale}</source>
        <translation>损失，100 = {scale}</translation>
    </message>
    <message>
        <source>before {dice:.1f}</source>
        <translation>之前 {dice:.1f}</translation>
    </message>
    <message>
        <source>held-out Dice</source>
        <translation>验证集 Dice</translation>
    </message>
</context>
<context>
    <name>TrainingPanel</name>
    <message>
        <source>Finish now</source>
        <translation>现在完成</translation>
    </message>
    <message>
        <source>Wind the training down, score it, and have the model as it is then</source>
        <translation>让训练收尾并评分，得到此时的模型</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Use the new model</source>
        <translation>使用新模型</translation>
    </message>
    <message>
        <source>Keep the current model</source>
        <translation>保留当前模型</translation>
    </message>
    <message>
        <source>Fine-tuning</source>
        <translation>微调</translation>
    </message>
    <message>
        <source>Held-out Dice by class</source>
        <translation>各类别验证集 Dice</translation>
    </message>
</context>
<context>
    <name>UnlabelledChoice</name>
    <message>
        <source>Learn from unlabelled images, too</source>
        <translation>也从没有标签的图像中学习</translation>
    </message>
    <message>
        <source>What the model becomes sure of in images and pixels without a label teaches it as well, within the same time. Images that are held out, and their neighbours, are left alone.</source>
        <translation>在没有标签的图像和像素中，模型逐渐有把握的内容也用于学习，所需时间不变。验证图像及其相邻图像不参与。</translation>
    </message>
</context>
<context>
    <name>WindowPanel</name>
    <message>
        <source>Window</source>
        <translation>窗宽窗位</translation>
    </message>
    <message>
        <source>Show the histogram</source>
        <translation>显示直方图</translation>
    </message>
    <message>
        <source>Hide the histogram</source>
        <translation>隐藏直方图</translation>
    </message>
    <message>
        <source>W {width}   L {level}</source>
        <translation>窗宽 {width}   窗位 {level}</translation>
    </message>
</context>
<context>
    <name>actions</name>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>编辑(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Tools</source>
        <translation>工具(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;Label</source>
        <translation>标签(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Model</source>
        <translation>模型(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;Window</source>
        <translation>窗口(&amp;W)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Open file</source>
        <translation>打开文件</translation>
    </message>
    <message>
        <source>Look at the folder again</source>
        <translation>重新读取文件夹</translation>
    </message>
    <message>
        <source>Open the sample</source>
        <translation>打开示例</translation>
    </message>
    <message>
        <source>Import masks</source>
        <translation>导入掩膜</translation>
    </message>
    <message>
        <source>Import a folder of masks</source>
        <translation>导入掩膜文件夹</translation>
    </message>
    <message>
        <source>Import classes</source>
        <translation>导入类别</translation>
    </message>
    <message>
        <source>Export classes</source>
        <translation>导出类别</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>重做</translation>
    </message>
    <message>
        <source>Finish the shape</source>
        <translation>完成形状</translation>
    </message>
    <message>
        <source>Remove the last corner</source>
        <translation>删除上一个顶点</translation>
    </message>
    <message>
        <source>End the selection</source>
        <translation>取消选区</translation>
    </message>
    <message>
        <source>Search images</source>
        <translation>搜索图像</translation>
    </message>
    <message>
        <source>Abdomen</source>
        <translation>腹部</translation>
    </message>
    <message>
        <source>Liver</source>
        <translation>肝脏</translation>
    </message>
    <message>
        <source>Lung</source>
        <translation>肺</translation>
    </message>
    <message>
        <source>Bone</source>
        <translation>骨</translation>
    </message>
    <message>
        <source>Mediastinum</source>
        <translation>纵隔</translation>
    </message>
    <message>
        <source>Automatic window</source>
        <translation>自动窗宽窗位</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>放大</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>缩小</translation>
    </message>
    <message>
        <source>Fit the image</source>
        <translation>适合窗口</translation>
    </message>
    <message>
        <source>100 %</source>
        <translation>100 %</translation>
    </message>
    <message>
        <source>Show the overlay</source>
        <translation>显示叠加层</translation>
    </message>
    <message>
        <source>Show who set each pixel</source>
        <translation>显示像素来源</translation>
    </message>
    <message>
        <source>Fainter overlay</source>
        <translation>叠加层更淡</translation>
    </message>
    <message>
        <source>Stronger overlay</source>
        <translation>叠加层更浓</translation>
    </message>
    <message>
        <source>Undo anywhere</source>
        <translation>撤销上一处修改</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Smooth the edge</source>
        <translation>平滑边缘</translation>
    </message>
    <message>
        <source>Fill holes</source>
        <translation>填充孔洞</translation>
    </message>
    <message>
        <source>Remove small islands</source>
        <translation>去除小区域</translation>
    </message>
    <message>
        <source>Keep only the largest part</source>
        <translation>仅保留最大部分</translation>
    </message>
    <message>
        <source>Grow</source>
        <translation>扩张</translation>
    </message>
    <message>
        <source>Shrink</source>
        <translation>收缩</translation>
    </message>
    <message>
        <source>Brush</source>
        <translation>画笔</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>橡皮擦</translation>
    </message>
    <message>
        <source>Model-guided brush</source>
        <translation>模型引导画笔</translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation>多边形</translation>
    </message>
    <message>
        <source>Lasso</source>
        <translation>套索</translation>
    </message>
    <message>
        <source>Rectangle</source>
        <translation>矩形</translation>
    </message>
    <message>
        <source>Ellipse</source>
        <translation>椭圆</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>填充</translation>
    </message>
    <message>
        <source>Wand</source>
        <translation>魔棒</translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation>阈值</translation>
    </message>
    <message>
        <source>Smart outline</source>
        <translation>智能轮廓</translation>
    </message>
    <message>
        <source>Superpixels</source>
        <translation>超像素</translation>
    </message>
    <message>
        <source>Accept brush</source>
        <translation>确认画笔</translation>
    </message>
    <message>
        <source>Selection</source>
        <translation>选区</translation>
    </message>
    <message>
        <source>Pick a class</source>
        <translation>拾取类别</translation>
    </message>
    <message>
        <source>Move the view</source>
        <translation>移动视图</translation>
    </message>
    <message>
        <source>Smaller brush</source>
        <translation>缩小画笔</translation>
    </message>
    <message>
        <source>Larger brush</source>
        <translation>放大画笔</translation>
    </message>
    <message>
        <source>Class {digit}</source>
        <translation>类别 {digit}</translation>
    </message>
    <message>
        <source>Accept, next</source>
        <translation>接受并继续</translation>
    </message>
    <message>
        <source>Save as label</source>
        <translation>保存为标签</translation>
    </message>
    <message>
        <source>Accept the model&apos;s pixels</source>
        <translation>确认模型的像素</translation>
    </message>
    <message>
        <source>Previous image</source>
        <translation>上一幅图像</translation>
    </message>
    <message>
        <source>Next image</source>
        <translation>下一幅图像</translation>
    </message>
    <message>
        <source>Revert to prediction</source>
        <translation>恢复为预测结果</translation>
    </message>
    <message>
        <source>The rest is background</source>
        <translation>其余均为背景</translation>
    </message>
    <message>
        <source>Clear the map</source>
        <translation>清除标签图</translation>
    </message>
    <message>
        <source>Withdraw the label</source>
        <translation>撤回标签</translation>
    </message>
    <message>
        <source>Copy from the previous</source>
        <translation>复制上一张的标签</translation>
    </message>
    <message>
        <source>Copy from the next</source>
        <translation>复制下一张的标签</translation>
    </message>
    <message>
        <source>Interpolate between labels</source>
        <translation>在标签之间插值</translation>
    </message>
    <message>
        <source>Interpolate all between</source>
        <translation>插值其间所有图像</translation>
    </message>
    <message>
        <source>Add a class</source>
        <translation>添加类别</translation>
    </message>
    <message>
        <source>Rename or recolour the class</source>
        <translation>重命名类别或更改颜色</translation>
    </message>
    <message>
        <source>Remove the class</source>
        <translation>移除类别</translation>
    </message>
    <message>
        <source>Left and right do not matter</source>
        <translation>不区分左右</translation>
    </message>
    <message>
        <source>Previous class</source>
        <translation>上一个类别</translation>
    </message>
    <message>
        <source>Next class</source>
        <translation>下一个类别</translation>
    </message>
    <message>
        <source>Swap with background</source>
        <translation>与背景切换</translation>
    </message>
    <message>
        <source>Protect other classes</source>
        <translation>保护其他类别</translation>
    </message>
    <message>
        <source>Predict</source>
        <translation>预测</translation>
    </message>
    <message>
        <source>Predict the folder</source>
        <translation>预测整个文件夹</translation>
    </message>
    <message>
        <source>Fine-tune</source>
        <translation>微调</translation>
    </message>
    <message>
        <source>Finish fine-tuning now</source>
        <translation>现在完成微调</translation>
    </message>
    <message>
        <source>Stop fine-tuning</source>
        <translation>停止微调</translation>
    </message>
    <message>
        <source>Open weights</source>
        <translation>打开权重</translation>
    </message>
    <message>
        <source>Train a new model from scratch</source>
        <translation>从头训练新模型</translation>
    </message>
    <message>
        <source>Train a new model for small things</source>
        <translation>从头训练用于细小目标的新模型</translation>
    </message>
    <message>
        <source>Train a new tiny model (for a CPU)</source>
        <translation>训练新的微型模型（适合 CPU）</translation>
    </message>
    <message>
        <source>Train the original description</source>
        <translation>训练原始描述的网络</translation>
    </message>
    <message>
        <source>Learn from unlabelled images, too</source>
        <translation>也从没有标签的图像中学习</translation>
    </message>
    <message>
        <source>Learn from the model&apos;s pixels, too</source>
        <translation>也从模型的像素中学习</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>Classes</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Fine-tuning</source>
        <translation>微调</translation>
    </message>
    <message>
        <source>History</source>
        <translation>历史记录</translation>
    </message>
    <message>
        <source>Theme of the system</source>
        <translation>跟随系统主题</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Language of the system</source>
        <translation>跟随系统语言</translation>
    </message>
    <message>
        <source>Interface at the system&apos;s size</source>
        <translation>界面跟随系统大小</translation>
    </message>
    <message>
        <source>Interface at 125 %</source>
        <translation>界面放大到 125 %</translation>
    </message>
    <message>
        <source>Interface at 150 %</source>
        <translation>界面放大到 150 %</translation>
    </message>
    <message>
        <source>Interface at 200 %</source>
        <translation>界面放大到 200 %</translation>
    </message>
    <message>
        <source>Dark or light</source>
        <translation>深色或浅色</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>全屏</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>Open the log</source>
        <translation>打开日志</translation>
    </message>
    <message>
        <source>About</source>
        <translation>关于</translation>
    </message>
    <message>
        <source>Wheel</source>
        <translation>滚轮</translation>
    </message>
    <message>
        <source>Zoom at the cursor</source>
        <translation>以光标为中心缩放</translation>
    </message>
    <message>
        <source>Middle-drag, Space+drag</source>
        <translation>中键拖动，空格+拖动</translation>
    </message>
    <message>
        <source>V held</source>
        <translation>按住 V</translation>
    </message>
    <message>
        <source>Hide the overlay meanwhile</source>
        <translation>按住期间隐藏叠加层</translation>
    </message>
    <message>
        <source>Right-drag</source>
        <translation>右键拖动</translation>
    </message>
    <message>
        <source>Window and level; erases while the brush is on</source>
        <translation>调节窗宽窗位；使用画笔时为擦除</translation>
    </message>
    <message>
        <source>Shift+wheel</source>
        <translation>Shift+滚轮</translation>
    </message>
    <message>
        <source>Size of the brush</source>
        <translation>画笔大小</translation>
    </message>
    <message>
        <source>Alt+right-drag, S held</source>
        <translation>Alt+右键拖动，按住 S</translation>
    </message>
    <message>
        <source>Size of the brush by moving</source>
        <translation>移动鼠标调整画笔大小</translation>
    </message>
    <message>
        <source>Ctrl held</source>
        <translation>按住 Ctrl</translation>
    </message>
    <message>
        <source>Erase with the brush</source>
        <translation>用画笔擦除</translation>
    </message>
    <message>
        <source>Shift held</source>
        <translation>按住 Shift</translation>
    </message>
    <message>
        <source>Straight line with the brush</source>
        <translation>用画笔画直线</translation>
    </message>
    <message>
        <source>Alt+click</source>
        <translation>Alt+单击</translation>
    </message>
    <message>
        <source>Pick the class under the cursor</source>
        <translation>拾取光标处的类别</translation>
    </message>
    <message>
        <source>Drag right or left</source>
        <translation>左右拖动</translation>
    </message>
    <message>
        <source>The wand takes more or less</source>
        <translation>魔棒扩大或缩小</translation>
    </message>
    <message>
        <source>Enter, double-click</source>
        <translation>Enter，双击</translation>
    </message>
    <message>
        <source>Drag a corner</source>
        <translation>拖动角点</translation>
    </message>
    <message>
        <source>Move it; an edge: add one</source>
        <translation>移动角点；拖动边则新增</translation>
    </message>
    <message>
        <source>Right-click a corner</source>
        <translation>右键单击角点</translation>
    </message>
    <message>
        <source>Remove it</source>
        <translation>删除角点</translation>
    </message>
    <message>
        <source>Shift, Ctrl</source>
        <translation>Shift，Ctrl</translation>
    </message>
    <message>
        <source>A square or circle; from the middle</source>
        <translation>正方形或圆；从中心开始</translation>
    </message>
    <message>
        <source>Shift+drag</source>
        <translation>Shift+拖动</translation>
    </message>
    <message>
        <source>Select by hand, with the selection</source>
        <translation>用选区工具自由圈选</translation>
    </message>
    <message>
        <source>Class by its digit, 0 is background</source>
        <translation>按数字选择类别，0 为背景</translation>
    </message>
</context>
<context>
    <name>classes</name>
    <message>
        <source>Background</source>
        <translation>背景</translation>
    </message>
    <message>
        <source>Spleen</source>
        <translation>脾脏</translation>
    </message>
    <message>
        <source>Right kidney</source>
        <translation>右肾</translation>
    </message>
    <message>
        <source>Left kidney</source>
        <translation>左肾</translation>
    </message>
    <message>
        <source>Gallbladder</source>
        <translation>胆囊</translation>
    </message>
    <message>
        <source>Esophagus</source>
        <translation>食管</translation>
    </message>
    <message>
        <source>Liver</source>
        <translation>肝脏</translation>
    </message>
    <message>
        <source>Stomach</source>
        <translation>胃</translation>
    </message>
    <message>
        <source>Aorta</source>
        <translation>主动脉</translation>
    </message>
    <message>
        <source>Inferior vena cava</source>
        <translation>下腔静脉</translation>
    </message>
    <message>
        <source>Portal and splenic vein</source>
        <translation>门静脉和脾静脉</translation>
    </message>
    <message>
        <source>Pancreas</source>
        <translation>胰腺</translation>
    </message>
    <message>
        <source>Right adrenal gland</source>
        <translation>右肾上腺</translation>
    </message>
    <message>
        <source>Left adrenal gland</source>
        <translation>左肾上腺</translation>
    </message>
</context>
<context>
    <name>classes dialog</name>
    <message>
        <source>Add a class</source>
        <translation>添加类别</translation>
    </message>
    <message>
        <source>Rename or recolour the class</source>
        <translation>重命名类别或更改颜色</translation>
    </message>
    <message>
        <source>Class {number}</source>
        <translation>类别 {number}</translation>
    </message>
</context>
<context>
    <name>device</name>
    <message>
        <source>CPU, 1 thread</source>
        <translation>CPU，1 个线程</translation>
    </message>
    <message>
        <source>CPU, {count} threads</source>
        <translation>CPU，{count} 个线程</translation>
    </message>
</context>
<context>
    <name>edits</name>
    <message>
        <source>Brush</source>
        <translation>画笔</translation>
    </message>
    <message>
        <source>Erase</source>
        <translation>擦除</translation>
    </message>
    <message>
        <source>Guided brush</source>
        <translation>引导画笔</translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation>多边形</translation>
    </message>
    <message>
        <source>Lasso</source>
        <translation>套索</translation>
    </message>
    <message>
        <source>Rectangle</source>
        <translation>矩形</translation>
    </message>
    <message>
        <source>Ellipse</source>
        <translation>椭圆</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>填充</translation>
    </message>
    <message>
        <source>Wand</source>
        <translation>魔棒</translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation>阈值</translation>
    </message>
    <message>
        <source>Smart outline</source>
        <translation>智能轮廓</translation>
    </message>
    <message>
        <source>Superpixels</source>
        <translation>超像素</translation>
    </message>
    <message>
        <source>Accept</source>
        <translation>确认</translation>
    </message>
    <message>
        <source>Give back to the model</source>
        <translation>退回给模型</translation>
    </message>
    <message>
        <source>Predict</source>
        <translation>预测</translation>
    </message>
    <message>
        <source>Revert to prediction</source>
        <translation>恢复为预测结果</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>清除</translation>
    </message>
    <message>
        <source>The rest is background</source>
        <translation>其余设为背景</translation>
    </message>
    <message>
        <source>Smooth</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>Fill holes</source>
        <translation>填充孔洞</translation>
    </message>
    <message>
        <source>Remove islands</source>
        <translation>去除小区域</translation>
    </message>
    <message>
        <source>Keep the largest</source>
        <translation>仅保留最大</translation>
    </message>
    <message>
        <source>Grow</source>
        <translation>扩张</translation>
    </message>
    <message>
        <source>Shrink</source>
        <translation>收缩</translation>
    </message>
    <message>
        <source>Copy from the previous</source>
        <translation>复制上一张的标签</translation>
    </message>
    <message>
        <source>Copy from the next</source>
        <translation>复制下一张的标签</translation>
    </message>
    <message>
        <source>Interpolate</source>
        <translation>插值</translation>
    </message>
    <message>
        <source>Changed elsewhere</source>
        <translation>外部修改</translation>
    </message>
    <message>
        <source>Import masks</source>
        <translation>导入掩膜</translation>
    </message>
    <message>
        <source>Taken back</source>
        <translation>已收回</translation>
    </message>
    <message>
        <source>From the saved map</source>
        <translation>来自已保存的标签图</translation>
    </message>
</context>
<context>
    <name>files</name>
    <message>
        <source>Open folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Open file</source>
        <translation>打开文件</translation>
    </message>
    <message>
        <source>Masks (*.png *.tif *.tiff *.bmp)</source>
        <translation>掩膜 (*.png *.tif *.tiff *.bmp)</translation>
    </message>
    <message>
        <source>Import masks</source>
        <translation>导入掩膜</translation>
    </message>
    <message>
        <source>Import a folder of masks</source>
        <translation>导入掩膜文件夹</translation>
    </message>
    <message>
        <source>Import classes</source>
        <translation>导入类别</translation>
    </message>
    <message>
        <source>Classes (*.json)</source>
        <translation>类别 (*.json)</translation>
    </message>
    <message>
        <source>Export classes</source>
        <translation>导出类别</translation>
    </message>
    <message>
        <source>Weights (*.safetensors)</source>
        <translation>权重 (*.safetensors)</translation>
    </message>
    <message>
        <source>Open weights</source>
        <translation>打开权重</translation>
    </message>
</context>
<context>
    <name>folder</name>
    <message>
        <source>label cannot be used</source>
        <translation>标签无法使用</translation>
    </message>
    <message>
        <source>cannot be read</source>
        <translation>无法读取</translation>
    </message>
    <message>
        <source>labelled, held out</source>
        <translation>有标签，用于验证</translation>
    </message>
    <message>
        <source>labelled</source>
        <translation>有标签</translation>
    </message>
    <message>
        <source>corrected</source>
        <translation>已修改</translation>
    </message>
    <message>
        <source>not predicted</source>
        <translation>未预测</translation>
    </message>
    <message>
        <source>look: {name} {percent} %</source>
        <translation>请检查：{name} {percent} %</translation>
    </message>
    <message>
        <source>predicted</source>
        <translation>已预测</translation>
    </message>
    <message>
        <source>sure {percent} %</source>
        <translation>置信度 {percent} %</translation>
    </message>
</context>
<context>
    <name>messages</name>
    <message>
        <source>A file could not be read or written: {reason}.</source>
        <translation>无法读取或写入文件：{reason}。</translation>
    </message>
    <message>
        <source>Add classes for them</source>
        <translation>为其添加类别</translation>
    </message>
    <message>
        <source>An object: add a class</source>
        <translation>一个对象：为其添加类别</translation>
    </message>
    <message>
        <source>Another fine-tuning is running in this folder; wait for it or stop it first.</source>
        <translation>此文件夹中已有微调正在进行；请等待其完成，或先将其停止。</translation>
    </message>
    <message>
        <source>Another program has changed the class table meanwhile; what it wrote was copied into the folder kept/.</source>
        <translation>其间另一个程序修改了类别表；它写入的内容已复制到 kept/ 文件夹。</translation>
    </message>
    <message>
        <source>Another program has changed the label map of {name}. Which one is to be kept?</source>
        <translation>另一个程序修改了 {name} 的标签图。要保留哪一个？</translation>
    </message>
    <message>
        <source>Another program has changed the labels of {names} since they were saved. They count as they are now; to save them again ends this notice.</source>
        <translation>自保存以来，其他程序更改了 {names} 的标签。以现在的内容为准；重新保存后不再提示。</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Class {name} has a value that is not a whole number.</source>
        <translation>类别 {name} 的值不是整数。</translation>
    </message>
    <message>
        <source>Class {name} has the colour {color}; expected #rrggbb or three numbers from 0 to 255.</source>
        <translation>类别 {name} 的颜色是 {color}；应为 #rrggbb，或三个 0 到 255 的数。</translation>
    </message>
    <message>
        <source>Class {name} has the value {value}; expected 0 to 254 (255 means untouched).</source>
        <translation>类别 {name} 的值是 {value}；应为 0 到 254（255 表示未涂）。</translation>
    </message>
    <message>
        <source>Class {position} of the list has no name.</source>
        <translation>列表中第 {position} 个类别没有名称。</translation>
    </message>
    <message>
        <source>Classes imported: {count}.</source>
        <translation>已导入类别：{count} 个。</translation>
    </message>
    <message>
        <source>Classes written to {name}.</source>
        <translation>类别已写入 {name}。</translation>
    </message>
    <message>
        <source>Closing the folder</source>
        <translation>正在关闭文件夹</translation>
    </message>
    <message>
        <source>Computing what the tool paints</source>
        <translation>正在计算绘制内容</translation>
    </message>
    <message>
        <source>Copy from the next</source>
        <translation>复制下一张的标签</translation>
    </message>
    <message>
        <source>Copy from the previous</source>
        <translation>复制上一张的标签</translation>
    </message>
    <message>
        <source>Drawing a thumbnail</source>
        <translation>正在绘制缩略图</translation>
    </message>
    <message>
        <source>Each label that is replaced is copied into the folder kept/ first.</source>
        <translation>被替换的标签会先逐一复制到 kept/ 文件夹。</translation>
    </message>
    <message>
        <source>Each step now has {batch} views instead of {before}, as the number of processes has become {count}.</source>
        <translation>进程数变为 {count}，因此每一步现有 {batch} 个视图，原为 {before} 个。</translation>
    </message>
    <message>
        <source>Every image here has been corrected or labelled; nothing to predict.</source>
        <translation>这里的图像都已修改或已有标签；没有需要预测的图像。</translation>
    </message>
    <message>
        <source>Every image of this folder is labelled.</source>
        <translation>此文件夹中的图像都已有标签。</translation>
    </message>
    <message>
        <source>Fill holes</source>
        <translation>填充孔洞</translation>
    </message>
    <message>
        <source>Fine-tuning ended unexpectedly (code {code}). Labels and the model are as they were; resume the run, or start it again with a smaller batch.</source>
        <translation>微调意外结束（代码 {code}）。标签和模型保持原样；请继续该次训练，或减小批次后重新开始。</translation>
    </message>
    <message>
        <source>Fine-tuning ended unexpectedly (code {code}). Labels and the model are as they were; start it again with a smaller batch.</source>
        <translation>微调意外结束（代码 {code}）。标签和模型保持原样；请减小批次后重新开始。</translation>
    </message>
    <message>
        <source>Fine-tuning is still running. Quit, and end it?</source>
        <translation>微调仍在进行。退出并结束微调吗？</translation>
    </message>
    <message>
        <source>Fine-tuning learns from saved labels, and this folder has none yet: correct an image and press Ctrl+S (Save as label), best on four images or more.</source>
        <translation>微调从已保存的标签中学习，而此文件夹尚无标签：请修改一幅图像并按 Ctrl+S（保存为标签），最好有四幅或更多。</translation>
    </message>
    <message>
        <source>Fine-tuning learns from the label that was saved before, until it is withdrawn.</source>
        <translation>在撤回之前，微调会一直从先前保存的标签学习。</translation>
    </message>
    <message>
        <source>Forgetting old predictions</source>
        <translation>正在清除旧的预测</translation>
    </message>
    <message>
        <source>Found nothing: all in this box looks alike. Mark what belongs, or drag another box.</source>
        <translation>没有找到：框内看起来都一样。请标出属于它的部分，或另拖一个框。</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>继续微调</translation>
    </message>
    <message>
        <source>Go on with the old one</source>
        <translation>继续使用旧的</translation>
    </message>
    <message>
        <source>Grow</source>
        <translation>扩张</translation>
    </message>
    <message>
        <source>Images that could not be predicted: {count}; the first: {reason}</source>
        <translation>无法预测的图像：{count} 幅；第一个原因：{reason}</translation>
    </message>
    <message>
        <source>Images whose whole undo history would go: {count}. Their label maps stay, and a copy of each history is put into the folder kept/.</source>
        <translation>将失去全部撤销历史的图像：{count}。它们的标签图保留，每份历史的副本放入 kept/ 文件夹。</translation>
    </message>
    <message>
        <source>Interpolate</source>
        <translation>插值</translation>
    </message>
    <message>
        <source>Interpolated in other images: {count}</source>
        <translation>已在其他图像中插值：{count}</translation>
    </message>
    <message>
        <source>Interpolating</source>
        <translation>正在插值</translation>
    </message>
    <message>
        <source>Interpolating needs a labelled image before and one after this one, of the same stack.</source>
        <translation>插值需要同一序列中前后各有一张有标签的图像。</translation>
    </message>
    <message>
        <source>It can be resumed from where it was the last time that its state was saved.</source>
        <translation>之后可以从最近一次保存的状态继续。</translation>
    </message>
    <message>
        <source>It is painted already; Enter once more accepts the image.</source>
        <translation>已经画上；再按一次 Enter 接受这张图像。</translation>
    </message>
    <message>
        <source>Its state has not been saved yet: what it has learned so far is lost.</source>
        <translation>其状态尚未保存过：到目前为止学到的内容会丢失。</translation>
    </message>
    <message>
        <source>Keep mine</source>
        <translation>保留我的</translation>
    </message>
    <message>
        <source>Keep the classes</source>
        <translation>保留类别</translation>
    </message>
    <message>
        <source>Keep the label</source>
        <translation>保留标签</translation>
    </message>
    <message>
        <source>Keep the largest</source>
        <translation>仅保留最大</translation>
    </message>
    <message>
        <source>Keep their labels</source>
        <translation>保留其标签</translation>
    </message>
    <message>
        <source>Keep them there</source>
        <translation>保存到该处</translation>
    </message>
    <message>
        <source>Keeping a copy</source>
        <translation>正在保留副本</translation>
    </message>
    <message>
        <source>Leave it untouched</source>
        <translation>保持未涂</translation>
    </message>
    <message>
        <source>Leave those pixels untouched</source>
        <translation>让这些像素保持未涂</translation>
    </message>
    <message>
        <source>Leave without it</source>
        <translation>不等待，离开</translation>
    </message>
    <message>
        <source>Leave without saving</source>
        <translation>不保存并离开</translation>
    </message>
    <message>
        <source>Loading the model</source>
        <translation>正在加载模型</translation>
    </message>
    <message>
        <source>Look at both</source>
        <translation>两者都看</translation>
    </message>
    <message>
        <source>Looking at files</source>
        <translation>正在检查文件</translation>
    </message>
    <message>
        <source>Looking for the class in label maps</source>
        <translation>正在标签图中查找该类别</translation>
    </message>
    <message>
        <source>Making room on the GPU</source>
        <translation>正在释放 GPU 内存</translation>
    </message>
    <message>
        <source>Masks that hold only the values 0 and 255: {count}. What is 255 in them?</source>
        <translation>只有 0 和 255 两种值的掩膜：{count} 个。其中 255 表示什么？</translation>
    </message>
    <message>
        <source>Memory ran out; the training goes on more slowly, with less of it.</source>
        <translation>内存不足；训练会使用较少内存继续进行，速度较慢。</translation>
    </message>
    <message>
        <source>No held-out label shows {classes}: the scores do not say how well the new model knows what it learned of that. Look at its predictions.</source>
        <translation>没有验证标签含有 {classes}：分数说明不了新模型在这方面学得如何。请查看它的预测。</translation>
    </message>
    <message>
        <source>No interrupted training can go on here; start a new one.</source>
        <translation>这里没有可继续的中断训练；请开始新的训练。</translation>
    </message>
    <message>
        <source>Nothing is labelled in this image yet; predict or paint first.</source>
        <translation>此图像还没有涂任何内容；请先预测或绘制。</translation>
    </message>
    <message>
        <source>Nothing is labelled in {name} any more. Withdraw its label?</source>
        <translation>{name} 中已没有涂任何内容。要撤回它的标签吗？</translation>
    </message>
    <message>
        <source>Nothing of the earlier model&apos;s weights is kept in the new one: with them the held-out images score {kept} instead of {free}. It may have forgotten what it learned in other folders.</source>
        <translation>新模型没有保留先前模型的权重：保留时验证图像得分为 {kept}，不保留为 {free}。它可能忘记了在其他文件夹里学到的东西。</translation>
    </message>
    <message>
        <source>Open a folder of images first; the weights are remembered with it.</source>
        <translation>请先打开图像文件夹；权重会与该文件夹一起记住。</translation>
    </message>
    <message>
        <source>Opening {name}</source>
        <translation>正在打开 {name}</translation>
    </message>
    <message>
        <source>Part of this image is untouched and nothing is background. Is the rest background?</source>
        <translation>此图像有一部分未涂，且没有任何背景。其余部分是背景吗?</translation>
    </message>
    <message>
        <source>Predicting {count} images</source>
        <translation>正在预测 {count} 幅图像</translation>
    </message>
    <message>
        <source>Predicting {name}</source>
        <translation>正在预测 {name}</translation>
    </message>
    <message>
        <source>Predictions that show it are forgotten. It cannot be removed while labels or corrections of this folder hold it.</source>
        <translation>显示该类别的预测会被丢弃。此文件夹的标签或修正里还有它时，不能移除。</translation>
    </message>
    <message>
        <source>Preparing the curves</source>
        <translation>正在准备曲线</translation>
    </message>
    <message>
        <source>Preparing the image</source>
        <translation>正在准备图像</translation>
    </message>
    <message>
        <source>PyTorch finds no device {device} on this computer; choose auto or cpu.</source>
        <translation>PyTorch 在此计算机上找不到设备 {device}；请选择 auto 或 cpu。</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Read it again</source>
        <translation>重新读取</translation>
    </message>
    <message>
        <source>Reading the folder</source>
        <translation>正在读取文件夹</translation>
    </message>
    <message>
        <source>Reading the label of {name}</source>
        <translation>正在读取 {name} 的标签</translation>
    </message>
    <message>
        <source>Reading the prediction</source>
        <translation>正在读取预测结果</translation>
    </message>
    <message>
        <source>Reading {name}</source>
        <translation>正在读取 {name}</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Remove and forget</source>
        <translation>移除并忘记</translation>
    </message>
    <message>
        <source>Remove islands</source>
        <translation>去除小区域</translation>
    </message>
    <message>
        <source>Remove the class {name}?</source>
        <translation>移除类别“{name}”吗？</translation>
    </message>
    <message>
        <source>Replace them</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>Restoring images</source>
        <translation>正在恢复图像</translation>
    </message>
    <message>
        <source>Run {run} in {folder} has finished and is not in use yet: to predict with it, open that folder and press Use beside it under Runs.</source>
        <translation>{folder} 中的第 {run} 次训练已完成，但尚未使用；要用它预测，请打开该文件夹，在“训练记录”中点击它旁边的“使用”。</translation>
    </message>
    <message>
        <source>Run {run} is at least as good on the held-out images (Dice {old} before, {new} now), and predicts from now on.</source>
        <translation>第 {run} 次训练在验证图像上不逊于旧模型（Dice 由 {old} 变为 {new}），从现在起用于预测。</translation>
    </message>
    <message>
        <source>Saving the label of {name}</source>
        <translation>正在保存 {name} 的标签</translation>
    </message>
    <message>
        <source>Saving the prediction of {name}</source>
        <translation>正在保存 {name} 的预测结果</translation>
    </message>
    <message>
        <source>Saving {name}</source>
        <translation>正在保存 {name}</translation>
    </message>
    <message>
        <source>Segmenting</source>
        <translation>正在分割</translation>
    </message>
    <message>
        <source>Shrink</source>
        <translation>收缩</translation>
    </message>
    <message>
        <source>Smooth</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>Something went wrong that the program did not expect: {reason}</source>
        <translation>发生了程序未预料到的错误：{reason}</translation>
    </message>
    <message>
        <source>Something went wrong that the program did not expect: {reason}. Your work is still here; save it, and please report what is in the details.</source>
        <translation>发生了程序未预料到的错误：{reason}。您的工作仍在；请保存，并反馈详细信息中的内容。</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>留在此处</translation>
    </message>
    <message>
        <source>Still computing; Esc cancels.</source>
        <translation>仍在计算；按 Esc 取消。</translation>
    </message>
    <message>
        <source>Take theirs</source>
        <translation>采用对方的</translation>
    </message>
    <message>
        <source>The GPU cannot record the training step ({reason}); it is launched piece by piece, which is slower.</source>
        <translation>GPU 无法录制训练的一步（{reason}）；将逐个启动其中的计算，速度较慢。</translation>
    </message>
    <message>
        <source>The chosen class, {name}</source>
        <translation>当前类别：{name}</translation>
    </message>
    <message>
        <source>The class table has no class with the value 0; add a background class with it.</source>
        <translation>类别表中没有值为 0 的类别；请添加值为 0 的背景类别。</translation>
    </message>
    <message>
        <source>The class table was changed by another program; it holds here, too, now.</source>
        <translation>另一个程序修改了类别表；修改已在此处生效。</translation>
    </message>
    <message>
        <source>The class table was written by a newer version of the program; update the program.</source>
        <translation>类别表由更新版本的程序写入；请更新程序。</translation>
    </message>
    <message>
        <source>The class with the value {value} has no name; give it one.</source>
        <translation>值为 {value} 的类别没有名称；请为其命名。</translation>
    </message>
    <message>
        <source>The classes have changed meanwhile; import the masks again.</source>
        <translation>类别在此期间已更改；请重新导入掩膜。</translation>
    </message>
    <message>
        <source>The classes have changed since the training was interrupted; start a new training.</source>
        <translation>训练中断后类别已更改；请开始新的训练。</translation>
    </message>
    <message>
        <source>The classes stay as they are, since labels or corrections of this folder hold these: {classes}. Erase them there first.</source>
        <translation>类别保持不变：此文件夹的标签或修正里还有 {classes}。请先在那里擦除。</translation>
    </message>
    <message>
        <source>The disk does not answer.</source>
        <translation>磁盘没有响应。</translation>
    </message>
    <message>
        <source>The disk is full: strokes are kept in memory and written as soon as there is room.</source>
        <translation>磁盘已满：笔画保留在内存中，一有空间就写入。</translation>
    </message>
    <message>
        <source>The folder {name} cannot be read: {reason}.</source>
        <translation>无法读取文件夹 {name}：{reason}。</translation>
    </message>
    <message>
        <source>The folder {name} does not exist; open another one.</source>
        <translation>文件夹 {name} 不存在；请打开其他文件夹。</translation>
    </message>
    <message>
        <source>The folder {name} was removed while it was open. It was made anew with what is open here; labels of other images that were in it are gone unless you put them back.</source>
        <translation>文件夹 {name} 在打开期间被移除。已用这里打开的内容重新创建；其中其他图像的标签已不在，除非您把它们放回。</translation>
    </message>
    <message>
        <source>The header of {name} is damaged ({detail}); copy the file again from its source.</source>
        <translation>{name} 的文件头已损坏（{detail}）；请从来源重新复制该文件。</translation>
    </message>
    <message>
        <source>The interrupted training was begun by another version of this program; start a new training.</source>
        <translation>中断的训练是由本程序的另一版本开始的；请开始新的训练。</translation>
    </message>
    <message>
        <source>The interrupted training&apos;s config.json is damaged; start a new training.</source>
        <translation>中断训练的 config.json 已损坏；请开始新的训练。</translation>
    </message>
    <message>
        <source>The journal of {name} cannot be read ({reason}); what was saved last is shown, and the journal is kept.</source>
        <translation>无法读取 {name} 的日志（{reason}）；显示的是最后保存的状态，日志已保留。</translation>
    </message>
    <message>
        <source>The journal of {name} cannot be used; it was left where it is.</source>
        <translation>{name} 的日志无法使用；已保留在原处。</translation>
    </message>
    <message>
        <source>The journal of {name} could not be saved ({reason}): strokes are kept in memory and written as soon as that is possible.</source>
        <translation>无法保存 {name} 的日志（{reason}）：笔画保留在内存中，一旦可行就写入。</translation>
    </message>
    <message>
        <source>The journal of {name} is damaged: strokes made after {time} may be missing. A copy of it is kept.</source>
        <translation>{name} 的日志已损坏：{time} 之后的笔画可能缺失。已保留其副本。</translation>
    </message>
    <message>
        <source>The journal of {name} uses classes that the table no longer has: {classes}. Add or import them again to use it.</source>
        <translation>{name} 的日志使用了类别表中已没有的类别：{classes}。重新添加或导入后方可使用。</translation>
    </message>
    <message>
        <source>The label of {name} is left out: {reason}</source>
        <translation>{name} 的标签未被采用：{reason}</translation>
    </message>
    <message>
        <source>The label of {name} is lost at the network&apos;s scale: its few pixels are too small to learn from; label more.</source>
        <translation>{name} 的标签在网络的尺度下会消失：像素太少，无法从中学习；请多涂一些。</translation>
    </message>
    <message>
        <source>The label of {name} is saved, but what is noted beside it is of the one before: {reason}. Make room or choose a folder that can be written, then save again.</source>
        <translation>{name} 的标签已保存，但旁边的记录仍属于以前的标签：{reason}。请腾出空间或选择可写的文件夹，然后重新保存。</translation>
    </message>
    <message>
        <source>The label of {name} is withdrawn: nothing learns from it. A copy is in kept.</source>
        <translation>{name} 的标签已撤回：不再用于学习。kept 中留有副本。</translation>
    </message>
    <message>
        <source>The labels hold only the class {name}, so there is nothing to tell it from; label the background too, or another class.</source>
        <translation>标签中只有类别 {name}，没有可与之区分的内容；请同时涂出背景或其他类别。</translation>
    </message>
    <message>
        <source>The last edit of {name} is still being computed. Wait for it?</source>
        <translation>{name} 的最后一处修改仍在计算。要等待吗？</translation>
    </message>
    <message>
        <source>The masks hold values that no class has: {values}.</source>
        <translation>掩膜中含有不属于任何类别的值：{values}。</translation>
    </message>
    <message>
        <source>The masks hold {count} values or colours that no class has, but the class table has room for {room} more. Nothing was changed. Leave those pixels untouched, or use masks with fewer values or colours.</source>
        <translation>掩膜中有 {count} 个没有对应类别的值或颜色，而类别表只能再容纳 {room} 个。未作任何更改。请让这些像素保持未涂，或使用值或颜色更少的掩膜。</translation>
    </message>
    <message>
        <source>The model&apos;s results are no numbers, so its weights are damaged; choose other weights.</source>
        <translation>模型输出不是有效数值，说明权重已损坏；请选择其他权重。</translation>
    </message>
    <message>
        <source>The neighbours say nothing new about this image.</source>
        <translation>前后图像没有为此图像提供新内容。</translation>
    </message>
    <message>
        <source>The new size holds from the next start on.</source>
        <translation>新的大小从下次启动起生效。</translation>
    </message>
    <message>
        <source>The overlay is hidden: V shows what you paint.</source>
        <translation>叠加层已隐藏：按 V 显示所涂内容。</translation>
    </message>
    <message>
        <source>The prediction changes nothing here; what a person has set stays.</source>
        <translation>预测在这里没有改变什么；人设定的保持不变。</translation>
    </message>
    <message>
        <source>The prediction is the one that is shown already.</source>
        <translation>预测结果与当前显示的相同。</translation>
    </message>
    <message>
        <source>The rest is background</source>
        <translation>其余均为背景</translation>
    </message>
    <message>
        <source>The same image is learned from and held out, under two names: {names}. That makes the scores too good; withdraw one of the two labels.</source>
        <translation>同一图像以两个名称既用于训练又用于验证：{names}。分数因此偏高；请撤回其中一个标签。</translation>
    </message>
    <message>
        <source>The state of the interrupted training in {folder} cannot be used ({reason}); start a new training.</source>
        <translation>{folder} 中的中断训练状态无法使用（{reason}）；请开始新的训练。</translation>
    </message>
    <message>
        <source>The table is full: a label map holds at most 255 classes.</source>
        <translation>类别表已满：标签图最多容纳 255 个类别。</translation>
    </message>
    <message>
        <source>The training cannot save its state ({reason}) and could not be resumed; it goes on.</source>
        <translation>训练无法保存状态（{reason}），若中断将无法继续；训练仍在进行。</translation>
    </message>
    <message>
        <source>The training cannot write its files ({reason}); make room and resume it.</source>
        <translation>训练无法写入文件（{reason}）；请腾出空间后继续训练。</translation>
    </message>
    <message>
        <source>The training cannot write its files ({reason}); make room and start it again.</source>
        <translation>训练无法写入文件（{reason}）；请腾出空间后重新开始。</translation>
    </message>
    <message>
        <source>The training diverged: its loss is no number. Start it again with a lower learning rate.</source>
        <translation>训练发散：损失不是有效数值。请降低学习率后重新开始。</translation>
    </message>
    <message>
        <source>The training diverged: its weights are no numbers. Start it again with a lower learning rate.</source>
        <translation>训练发散：其权重不是数字。请用较低的学习率重新开始。</translation>
    </message>
    <message>
        <source>The training ended after {steps} steps, before its time: more would only learn these images by heart. A number of epochs instead of a time makes it go on.</source>
        <translation>训练在 {steps} 步后提前结束：再练只会把这些图像背下来。如不给时间而给轮数，它会继续。</translation>
    </message>
    <message>
        <source>The training stopped because of an unexpected error ({reason}); the old model is still in use.</source>
        <translation>训练因意外错误而停止（{reason}）；仍在使用旧模型。</translation>
    </message>
    <message>
        <source>The weights in {name} are no numbers, so the file is damaged; choose other weights.</source>
        <translation>{name} 里的权重不是数字，文件已损坏；请选择其他权重。</translation>
    </message>
    <message>
        <source>The weights of {name} do not fit the network they describe ({detail}); choose other weights.</source>
        <translation>{name} 的权重与其描述的网络不符（{detail}）；请选择其他权重。</translation>
    </message>
    <message>
        <source>The weights of {name} were removed; open others, or train a new model.</source>
        <translation>{name} 的权重已被移除；请打开其他权重，或训练新模型。</translation>
    </message>
    <message>
        <source>The weights of {name} were removed; {other} predicts from now on.</source>
        <translation>{name} 的权重已被移除；从现在起由 {other} 预测。</translation>
    </message>
    <message>
        <source>There is no edit left that could be taken back.</source>
        <translation>没有可以撤销的编辑了。</translation>
    </message>
    <message>
        <source>There is no image after this one.</source>
        <translation>后面没有图像了。</translation>
    </message>
    <message>
        <source>There is no image before this one.</source>
        <translation>前面没有图像了。</translation>
    </message>
    <message>
        <source>There is no model to fine-tune; open weights, or train a new model.</source>
        <translation>没有可微调的模型；请打开权重，或训练新模型。</translation>
    </message>
    <message>
        <source>There is no model yet; open weights, or train a new model.</source>
        <translation>尚无模型；请打开权重，或训练新模型。</translation>
    </message>
    <message>
        <source>There is not enough memory for this; close other programs and try again.</source>
        <translation>内存不足；请关闭其他程序后重试。</translation>
    </message>
    <message>
        <source>There is not enough memory on {device} to load {name}; close other programs, then try again.</source>
        <translation>{device} 上的内存不足，无法加载 {name}；请关闭其他程序后重试。</translation>
    </message>
    <message>
        <source>There is not enough memory on {device} to segment {name}; close other programs, or choose the CPU.</source>
        <translation>{device} 上的内存不足以分割 {name}；请关闭其他程序，或选择 CPU。</translation>
    </message>
    <message>
        <source>There is not enough memory on {device} to segment {name}; close other programs, or cut it into smaller images.</source>
        <translation>{device} 上的内存不足以分割 {name}；请关闭其他程序，或将其裁成较小的图像。</translation>
    </message>
    <message>
        <source>There is not enough memory on {device} to train this network; close other programs, use smaller crops, or start from a smaller network.</source>
        <translation>{device} 上的内存不足以训练此网络；请关闭其他程序、减小裁剪尺寸，或从更小的网络开始。</translation>
    </message>
    <message>
        <source>They would go to {place}, beginning with a copy of those that are there; the images stay where they are.</source>
        <translation>它们会放到 {place}，以现有内容的副本开始；图像留在原处。</translation>
    </message>
    <message>
        <source>They would go to {place}; the images stay where they are.</source>
        <translation>它们将保存到 {place}；图像留在原处。</translation>
    </message>
    <message>
        <source>This JSON holds no list of classes; expected names, or names with colours.</source>
        <translation>此 JSON 中没有类别列表；应为名称，或带颜色的名称。</translation>
    </message>
    <message>
        <source>This brush follows the model; it paints as soon as the image is predicted.</source>
        <translation>此画笔跟随模型；图像预测完成后即可绘制。</translation>
    </message>
    <message>
        <source>This class is locked; unlock it to paint with it.</source>
        <translation>此类别已锁定；解锁后才能绘制。</translation>
    </message>
    <message>
        <source>This image has no label that could be withdrawn.</source>
        <translation>这幅图像没有可以撤回的标签。</translation>
    </message>
    <message>
        <source>This image has no prediction yet; press R to make one.</source>
        <translation>此图像尚无预测结果；请按 R 进行预测。</translation>
    </message>
    <message>
        <source>This screen is too small for an interface at {wanted} %; it is at {size} % for now.</source>
        <translation>这个屏幕放不下 {wanted} % 的界面，暂时使用 {size} %。</translation>
    </message>
    <message>
        <source>Tidying up</source>
        <translation>正在整理</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Two classes have the same {what}, {item}; each needs its own.</source>
        <translation>两个类别的 {what} 相同：{item}；每个类别必须各不相同。</translation>
    </message>
    <message>
        <source>Undo shows your map and Redo the other one; what is shown is saved.</source>
        <translation>撤销显示您的标签图，重做显示另一个；保存的是当前显示的。</translation>
    </message>
    <message>
        <source>Undo steps still use what is to be removed from the classes. Remove it, and forget these steps?</source>
        <translation>撤销步骤仍在使用要移除的类别。移除并忘记这些步骤吗？</translation>
    </message>
    <message>
        <source>Unknown: leave it untouched</source>
        <translation>未知：保持未涂</translation>
    </message>
    <message>
        <source>Untouched pixels are never trained on.</source>
        <translation>未涂的像素不参与训练。</translation>
    </message>
    <message>
        <source>Untouched pixels are never trained on: without background the model sees no example of what is not it.</source>
        <translation>未涂的像素不参与训练：没有背景，模型就看不到反例。</translation>
    </message>
    <message>
        <source>Wait</source>
        <translation>等待</translation>
    </message>
    <message>
        <source>What was painted stays.</source>
        <translation>已绘制的内容保留。</translation>
    </message>
    <message>
        <source>Withdraw the label</source>
        <translation>撤回标签</translation>
    </message>
    <message>
        <source>Withdrawing the label of {name}</source>
        <translation>正在撤回 {name} 的标签</translation>
    </message>
    <message>
        <source>a base that ends too early</source>
        <translation>基准过早结束</translation>
    </message>
    <message>
        <source>a base that is too long</source>
        <translation>基准过长</translation>
    </message>
    <message>
        <source>a move that says nowhere</source>
        <translation>移动没有目标</translation>
    </message>
    <message>
        <source>a move to a step that would be dropped</source>
        <translation>移动到将被丢弃的步骤</translation>
    </message>
    <message>
        <source>a move to where no step is</source>
        <translation>移动到没有步骤的位置</translation>
    </message>
    <message>
        <source>a plane that cannot be unpacked</source>
        <translation>平面无法解压</translation>
    </message>
    <message>
        <source>a plane that ends too early</source>
        <translation>平面过早结束</translation>
    </message>
    <message>
        <source>a record that can no longer be read</source>
        <translation>记录无法再读取</translation>
    </message>
    <message>
        <source>a record that was written and cannot be read</source>
        <translation>已写入的记录无法读取</translation>
    </message>
    <message>
        <source>a second base, or one of another place</source>
        <translation>第二个基准，或位置不符的基准</translation>
    </message>
    <message>
        <source>an edit that ends too early</source>
        <translation>编辑过早结束</translation>
    </message>
    <message>
        <source>it or its label has been changed since the training began.</source>
        <translation>训练开始后，该图像或其标签已被更改。</translation>
    </message>
    <message>
        <source>no base</source>
        <translation>没有基准</translation>
    </message>
    <message>
        <source>no image is named</source>
        <translation>未指明图像</translation>
    </message>
    <message>
        <source>no journal</source>
        <translation>没有日志</translation>
    </message>
    <message>
        <source>run {number}</source>
        <translation>第 {number} 次</translation>
    </message>
    <message>
        <source>the record beside {name} is damaged, so nobody knows whether it is held out; restore it, or save the label again: it is trained on then.</source>
        <translation>{name} 旁边的记录已损坏，无法得知它是否被留出；请恢复该记录，或重新保存标签（此后用于训练）。</translation>
    </message>
    <message>
        <source>this journal is no longer written</source>
        <translation>此日志不再写入</translation>
    </message>
    <message>
        <source>{device} has stopped working ({reason}); the program goes on on the CPU until it is started again.</source>
        <translation>{device} 已停止工作（{reason}）；在重新启动之前，程序将改用 CPU。</translation>
    </message>
    <message>
        <source>{name} and {others} are both for the image {image}; import only the right one of them.</source>
        <translation>{name} 和 {others} 对应同一张图像 {image}；请只导入其中正确的一个。</translation>
    </message>
    <message>
        <source>{name} could belong to any of these images: {images}. Give it the whole name of one, such as {example}.</source>
        <translation>{name} 可能属于以下任一图像：{images}。请用其中一张图像的完整名称为它命名，例如 {example}。</translation>
    </message>
    <message>
        <source>{name} has changed while it was predicted; predict it again.</source>
        <translation>{name} 在预测期间发生了改变；请重新预测。</translation>
    </message>
    <message>
        <source>{name} has no label yet.</source>
        <translation>{name} 还没有标签。</translation>
    </message>
    <message>
        <source>{name} has no pixel of any class; its image stays as it is. Check its values or colours.</source>
        <translation>{name} 中没有任何类别的像素；对应图像保持不变。请检查其中的值或颜色。</translation>
    </message>
    <message>
        <source>{name} has {pages} pages, and which of them is the mask is not known; save that one as a file of its own.</source>
        <translation>{name} 有 {pages} 页，无法得知哪一页是掩膜；请将该页另存为单独的文件。</translation>
    </message>
    <message>
        <source>{name} holds negative values, down to {lowest}; a mask may hold class values from 0 to 254.</source>
        <translation>{name} 中含有负值，最小为 {lowest}；掩膜只能含有 0 到 254 的类别值。</translation>
    </message>
    <message>
        <source>{name} holds only what the model has set, so it teaches nothing; accept it first.</source>
        <translation>{name} 只含模型的结果，无法用于学习；请先确认。</translation>
    </message>
    <message>
        <source>{name} holds values of {bits} bits, which are not read here; save it with 8 or 16 bits.</source>
        <translation>{name} 的像素值为 {bits} 位，不支持读取；请以 8 位或 16 位保存。</translation>
    </message>
    <message>
        <source>{name} holds values that are not whole, such as {value}; a mask may hold class values from 0 to 254. Turn probabilities into classes first.</source>
        <translation>{name} 中含有非整数值，例如 {value}；掩膜只能含有 0 到 254 的类别值。请先将概率转换为类别。</translation>
    </message>
    <message>
        <source>{name} is from another series; check what was copied.</source>
        <translation>{name} 来自另一序列；请检查复制的内容。</translation>
    </message>
    <message>
        <source>{name} is hidden: its eye shows what you paint.</source>
        <translation>{name} 已隐藏：点按它的眼睛图标可显示所涂内容。</translation>
    </message>
    <message>
        <source>{name} is left out of the comparison: {reason}</source>
        <translation>{name} 不参与比较：{reason}</translation>
    </message>
    <message>
        <source>{name} is no class table: it holds something else than JSON in UTF-8.</source>
        <translation>{name} 不是类别表：内容不是 UTF-8 编码的 JSON。</translation>
    </message>
    <message>
        <source>{name} is no class table: its JSON breaks off or is wrong at line {line}, column {column}; correct it there.</source>
        <translation>{name} 不是类别表：其 JSON 在第 {line} 行第 {column} 列中断或有误；请在该处更正。</translation>
    </message>
    <message>
        <source>{name} is no longer in its folder. Painting goes on and is saved, but nothing is learned from it until it is back.</source>
        <translation>{name} 已不在文件夹中。可继续绘制并会保存，但在文件恢复之前不会用于学习。</translation>
    </message>
    <message>
        <source>{name} is not a file of an image.</source>
        <translation>{name} 不是图像文件。</translation>
    </message>
    <message>
        <source>{name} is {width} x {height} and takes {needed:.1f} GB of memory, but only {free:.1f} GB are free; close other programs or cut it into smaller images.</source>
        <translation>{name} 为 {width} x {height}，需要 {needed:.1f} GB 内存，但只有 {free:.1f} GB 可用；请关闭其他程序，或切成较小的图像。</translation>
    </message>
    <message>
        <source>{name} is {width} x {height}, which is more than the limit of {limit:g} megapixels; cut it into smaller images, or start with --max-megapixels {needed}.</source>
        <translation>{name} 为 {width} x {height}，超过 {limit:g} 百万像素的上限；请切成较小的图像，或以 --max-megapixels {needed} 启动。</translation>
    </message>
    <message>
        <source>{name} is {width} x {height}, which is not the size of the open image; its label cannot be used here.</source>
        <translation>{name} 为 {width} x {height}，与打开的图像大小不同；其标签不能用于此处。</translation>
    </message>
    <message>
        <source>{name} knows none of these classes, so there is nothing to compare the new model with; the training goes on.</source>
        <translation>{name} 不认识这里的任何类别，新模型没有可比较的对象；训练继续进行。</translation>
    </message>
    <message>
        <source>{name} marks {count} values as no measurement ({value}); its range of brightness leaves them out.</source>
        <translation>{name} 把 {count} 个值标为无测量数据（{value}）；计算亮度范围时不计入它们。</translation>
    </message>
    <message>
        <source>{name} was changed by another program. Read it again?</source>
        <translation>{name} 被另一个程序修改了。要重新读取吗？</translation>
    </message>
    <message>
        <source>{name} was not saved when the program ended; its last edits were restored: {count}.</source>
        <translation>程序结束时 {name} 尚未保存；已恢复其最后的编辑：{count}。</translation>
    </message>
    <message>
        <source>{name} was taken in another orientation than the open image; its label cannot be used here.</source>
        <translation>{name} 的拍摄方向与打开的图像不同；其标签不能用于此处。</translation>
    </message>
    <message>
        <source>{name} was {old_width} x {old_height} when it was painted and is {width} x {height} now; its journal is kept.</source>
        <translation>{name} 绘制时为 {old_width} x {old_height}，现在为 {width} x {height}；其日志已保留。</translation>
    </message>
    <message>
        <source>{path} cannot be written: there is no such folder.</source>
        <translation>无法写入 {path}：没有这个文件夹。</translation>
    </message>
    <message>
        <source>{path} could not be written: {reason}</source>
        <translation>{path} 未能写入：{reason}</translation>
    </message>
    <message>
        <source>{problem} The default classes stand in, and the file is kept.</source>
        <translation>{problem}现在使用默认类别，该文件保留不动。</translation>
    </message>
    <message>
        <source>{share} % of it is the model&apos;s and is not learned from; Enter accepts it.</source>
        <translation>其中 {share} % 来自模型，不用于学习；按回车确认。</translation>
    </message>
    <message>
        <source>{told} Labels replaced: {count}. They are kept in {folder}, each under its image&apos;s name and the time.</source>
        <translation>{told} 替换的标签：{count}。它们保存在 {folder} 中，以图像名和时间命名。</translation>
    </message>
    <message>
        <source>{what}: Enter keeps it, Esc takes it back.</source>
        <translation>{what}：回车保留，Esc 撤回。</translation>
    </message>
    <message>
        <source>{what}: there is nothing to change.</source>
        <translation>{what}：没有可更改的内容。</translation>
    </message>
    <message>
        <source>Importing masks</source>
        <translation>正在导入掩膜</translation>
    </message>
    <message>
        <source>A copy of the other program&apos;s map is put into the folder kept/ in any case.</source>
        <translation>无论如何，另一个程序的标签图都会在 kept/ 文件夹中留一份副本。</translation>
    </message>
    <message>
        <source>Images that were changed since they were labelled: {names}. Check that their labels still fit, and save them again.</source>
        <translation>自保存标签以来被更改的图像：{names}。请检查其标签是否仍然相符，并重新保存。</translation>
    </message>
    <message>
        <source>Masks imported as labels: {count}.</source>
        <translation>已导入为标签的掩膜：{count} 个。</translation>
    </message>
    <message>
        <source>Masks imported as labels: {count}; skipped: {skipped}, the first because {reason}</source>
        <translation>已导入为标签的掩膜：{count} 个；跳过 {skipped} 个，第一个原因：{reason}</translation>
    </message>
    <message>
        <source>Memory ran out; the training goes on with its batches of {batch} cut into parts of {views}.</source>
        <translation>内存不足；训练继续进行，每批 {batch} 幅图像拆成每次 {views} 幅。</translation>
    </message>
    <message>
        <source>Reading masks</source>
        <translation>正在读取掩膜</translation>
    </message>
    <message>
        <source>Segmenting {width} x {height} pixels in one pass, with {size} GB of GPU memory</source>
        <translation>正在一次性分割 {width} x {height} 像素，使用 {size} GB 显存</translation>
    </message>
    <message>
        <source>Some of these images have been corrected or labelled already: {count}.</source>
        <translation>其中一些图像已经修改过或已有标签：{count} 幅。</translation>
    </message>
    <message>
        <source>The journal of {name} lacks the last strokes, which its map holds: undo takes them back in one step. The journal is kept.</source>
        <translation>{name} 的日志缺少最后的笔画，但标签图中有：撤销一步即可全部收回。日志已保留。</translation>
    </message>
    <message>
        <source>The label map of {name} cannot be written: {reason}.</source>
        <translation>无法写入 {name} 的标签图：{reason}。</translation>
    </message>
    <message>
        <source>The training ended because one of its {size} processes was lost; --resume goes on with it.</source>
        <translation>训练已结束，因为其 {size} 个进程之一已丢失；可用 --resume 继续。</translation>
    </message>
    <message>
        <source>The training ended because process {rank} of {size} failed: {reason}</source>
        <translation>训练已结束，因为第 {rank} 个进程（共 {size} 个）失败：{reason}</translation>
    </message>
    <message>
        <source>There is no usable label to train on ({reason}); save an image as label first.</source>
        <translation>没有可用于训练的标签（{reason}）；请先将一幅图像保存为标签。</translation>
    </message>
    <message>
        <source>There is no usable label to train on; save an image as label first.</source>
        <translation>没有可用于训练的标签；请先将一幅图像保存为标签。</translation>
    </message>
    <message>
        <source>This process finds other labels in the folder than process 0 does.</source>
        <translation>此进程在文件夹中找到的标签与进程 0 不同。</translation>
    </message>
    <message>
        <source>This step cannot be read from the journal ({reason}); it was neither undone nor redone.</source>
        <translation>无法从日志读取这一步（{reason}）；它既未撤销也未重做。</translation>
    </message>
    <message>
        <source>What could be redone is kept in the history, before the prediction: undo leads to it.</source>
        <translation>可以重做的内容保留在历史中预测之前：撤销即可到达。</translation>
    </message>
    <message>
        <source>out of memory on another rank</source>
        <translation>另一个进程内存不足</translation>
    </message>
    <message>
        <source>this journal was removed</source>
        <translation>此日志已被移除</translation>
    </message>
    <message>
        <source>{device} is no device; choose auto, cpu, cuda or mps.</source>
        <translation>{device} 不是有效设备；请选择 auto、cpu、cuda 或 mps。</translation>
    </message>
    <message>
        <source>{device} predicts step by step, which is slower: CUDA graphs cannot be used ({reason}).</source>
        <translation>{device} 将逐步进行预测，速度较慢：无法使用 CUDA 图（{reason}）。</translation>
    </message>
    <message>
        <source>{folder} cannot be written ({reason}); choose another place for labels and predictions.</source>
        <translation>无法写入 {folder}（{reason}）；请为标签和预测结果选择其他位置。</translation>
    </message>
    <message>
        <source>{folder} cannot be written ({reason}); make it writable, or choose another place for the workspace.</source>
        <translation>无法写入 {folder}（{reason}）；请使其可写，或为工作区选择其他位置。</translation>
    </message>
    <message>
        <source>{folder} cannot be written. Keep labels and models for it elsewhere?</source>
        <translation>无法写入 {folder}。是否将其标签和模型保存到别处?</translation>
    </message>
    <message>
        <source>{folder} cannot be written; its labels are kept in {place}.</source>
        <translation>{folder} 无法写入；其标签保存在 {place}。</translation>
    </message>
    <message>
        <source>{folder} is a workspace; open the folder above it.</source>
        <translation>{folder} 是工作区；请打开它的上一级文件夹。</translation>
    </message>
    <message>
        <source>{folder} is open in another window of this program; close it there, or open another folder.</source>
        <translation>{folder} 已在本程序的另一个窗口中打开；请在那里关闭，或打开其他文件夹。</translation>
    </message>
    <message>
        <source>{name} belongs to no image of this folder.</source>
        <translation>{name} 不属于此文件夹中的任何图像。</translation>
    </message>
    <message>
        <source>{name} cannot be decoded: it is damaged, or its compression ({syntax}) is not read here; copy it again, or save it without compression.</source>
        <translation>无法解码 {name}：文件已损坏，或不支持其压缩方式（{syntax}）；请重新复制，或以不压缩方式保存。</translation>
    </message>
    <message>
        <source>{name} cannot be read as a label map: {reason}; it was left as it is.</source>
        <translation>无法将 {name} 读取为标签图：{reason}；文件保持原样。</translation>
    </message>
    <message>
        <source>{name} cannot be read: {reason}.</source>
        <translation>无法读取 {name}：{reason}。</translation>
    </message>
    <message>
        <source>{name} could not be saved. Leave it all the same?</source>
        <translation>无法保存 {name}。仍要离开吗?</translation>
    </message>
    <message>
        <source>{name} could not be saved: its name is too long, since the files that belong to it have names up to 15 characters longer. Give the image a shorter name, then open its folder again.</source>
        <translation>无法保存 {name}：文件名过长，因为与之相关的文件的名称最多会再长 15 个字符。请为图像取一个较短的名称，然后重新打开其文件夹。</translation>
    </message>
    <message>
        <source>{name} could not be saved: {reason}. The old file is intact; make room or choose a folder that can be written, then save again.</source>
        <translation>无法保存 {name}：{reason}。旧文件完好；请腾出空间或选择可写的文件夹，然后重新保存。</translation>
    </message>
    <message>
        <source>{name} could not be written: {reason}.</source>
        <translation>无法写入 {name}：{reason}。</translation>
    </message>
    <message>
        <source>{name} did not fit into the memory of {device} at first; it was cut into smaller tiles.</source>
        <translation>{name} 起初超出了 {device} 的内存；已将其切成较小的图块。</translation>
    </message>
    <message>
        <source>{name} does not exist.</source>
        <translation>{name} 不存在。</translation>
    </message>
    <message>
        <source>{name} does not fit into memory; close other programs or cut it into smaller images.</source>
        <translation>内存放不下 {name}；请关闭其他程序，或将其切成较小的图像。</translation>
    </message>
    <message>
        <source>{name} does not fit into memory; close other programs.</source>
        <translation>内存放不下 {name}；请关闭其他程序。</translation>
    </message>
    <message>
        <source>{name} does not know {classes}, and cannot predict them until it is fine-tuned.</source>
        <translation>{name} 不认识 {classes}，微调之前无法预测这些类别。</translation>
    </message>
    <message>
        <source>{name} does not know {classes}: it never predicts them until it has been fine-tuned on labels.</source>
        <translation>{name} 不认识 {classes}：在用标签微调之前，不会预测这些类别。</translation>
    </message>
    <message>
        <source>{name} has no Hounsfield units, which this model was trained on; its brightness was matched instead.</source>
        <translation>{name} 没有亨氏单位（HU），而此模型以 HU 训练；已改为匹配其亮度。</translation>
    </message>
    <message>
        <source>{name} has no labelled pixel yet, so it teaches nothing.</source>
        <translation>{name} 的标签里还没有涂过的像素，因此不提供任何训练信息。</translation>
    </message>
    <message>
        <source>{name} has no pixels; copy it again from its source.</source>
        <translation>{name} 没有像素；请从来源重新复制。</translation>
    </message>
    <message>
        <source>{name} has {channels} channels; only the first is shown.</source>
        <translation>{name} 有 {channels} 个通道；仅显示第一个。</translation>
    </message>
    <message>
        <source>{name} has {channels} channels; the first three are shown as red, green and blue.</source>
        <translation>{name} 有 {channels} 个通道；前三个显示为红、绿、蓝。</translation>
    </message>
    <message>
        <source>{name} has {count} values that are no finite numbers; they are shown as the darkest or the brightest.</source>
        <translation>{name} 有 {count} 个值不是有限数值；它们显示为最暗或最亮。</translation>
    </message>
    <message>
        <source>{name} has {frames} frames; only the first is shown.</source>
        <translation>{name} 有 {frames} 帧；仅显示第一帧。</translation>
    </message>
    <message>
        <source>{name} has {pages} pages; only the first is shown.</source>
        <translation>{name} 有 {pages} 页；仅显示第一页。</translation>
    </message>
    <message>
        <source>{name} holds no finite number; export it again from its source.</source>
        <translation>{name} 不含任何有限数值；请从来源重新导出。</translation>
    </message>
    <message>
        <source>{name} holds no images; open a folder with PNG, JPEG, BMP, TIFF or DICOM files.</source>
        <translation>{name} 中没有图像；请打开含有 PNG、JPEG、BMP、TIFF 或 DICOM 文件的文件夹。</translation>
    </message>
    <message>
        <source>{name} holds numbers of the type {type}, which are neither grey values nor colours; export it as whole numbers or as real ones.</source>
        <translation>{name} 中的数值类型为 {type}，既不是灰度也不是颜色；请导出为整数或实数。</translation>
    </message>
    <message>
        <source>{name} holds the value {value}, which no class has; add or import its class, or correct the file.</source>
        <translation>{name} 含有值 {value}，但没有对应的类别；请添加或导入该类别，或更正文件。</translation>
    </message>
    <message>
        <source>{name} holds the values {values}, which no class has; add classes with these values, or correct the file.</source>
        <translation>{name} 含有值 {values}，但没有对应的类别；请添加具有这些值的类别，或更正文件。</translation>
    </message>
    <message>
        <source>{name} holds values up to {highest}; a mask may hold class values from 0 to 254.</source>
        <translation>{name} 中的值最大为 {highest}；掩膜只能含有 0 到 254 的类别值。</translation>
    </message>
    <message>
        <source>{name} is a CT image that does not say how its values become Hounsfield units; it is taken as any other image is.</source>
        <translation>{name} 是 CT 图像，但没有说明其数值如何换算为亨氏单位（HU）；按其他图像处理。</translation>
    </message>
    <message>
        <source>{name} is a DICOM file without an image in it; open the slices themselves.</source>
        <translation>{name} 是不含图像的 DICOM 文件；请打开切片文件本身。</translation>
    </message>
    <message>
        <source>{name} is a PyTorch pickle, which could run any code when opened, so it is never read; choose a .safetensors file that this program wrote.</source>
        <translation>{name} 是 PyTorch pickle 文件，打开时可能运行任意代码，因此从不读取；请选择本程序写入的 .safetensors 文件。</translation>
    </message>
    <message>
        <source>{name} is a safetensors file of another program; choose weights that this program wrote.</source>
        <translation>{name} 是其他程序的 safetensors 文件；请选择本程序写入的权重。</translation>
    </message>
    <message>
        <source>{name} is a volume, and NIfTI volumes are not read yet: export its slices as DICOM, PNG or TIFF.</source>
        <translation>{name} 是体数据，目前不支持读取 NIfTI 体数据：请将其切片导出为 DICOM、PNG 或 TIFF。</translation>
    </message>
    <message>
        <source>{name} is compressed ({method}) in a way that is not read here; save it without compression.</source>
        <translation>不支持 {name} 的压缩方式（{method}）；请以不压缩方式保存。</translation>
    </message>
    <message>
        <source>{name} is damaged or not an image ({reason}); copy it again from its source, or remove it from the folder.</source>
        <translation>{name} 已损坏或不是图像（{reason}）；请从来源重新复制，或将其移出文件夹。</translation>
    </message>
    <message>
        <source>{name} is empty (0 bytes); copy it again from its source.</source>
        <translation>{name} 是空文件（0 字节）；请从来源重新复制。</translation>
    </message>
    <message>
        <source>{name} is not a DICOM file, whatever its name says; remove it.</source>
        <translation>尽管名称如此，{name} 并不是 DICOM 文件；请将其移除。</translation>
    </message>
    <message>
        <source>{name} is not a label map: expected an 8-bit palette or grey PNG; import it as a mask instead.</source>
        <translation>{name} 不是标签图：应为 8 位调色板或灰度 PNG；请改为将其作为掩膜导入。</translation>
    </message>
    <message>
        <source>{name} is not a weights file; choose a .safetensors file that this program wrote.</source>
        <translation>{name} 不是权重文件；请选择本程序写入的 .safetensors 文件。</translation>
    </message>
    <message>
        <source>{name} is not an image of the open folder.</source>
        <translation>{name} 不是当前文件夹中的图像。</translation>
    </message>
    <message>
        <source>{name} is not an image that is read here; expected PNG, JPEG, BMP, TIFF or DICOM.</source>
        <translation>不支持读取 {name}；应为 PNG、JPEG、BMP、TIFF 或 DICOM。</translation>
    </message>
    <message>
        <source>{name} is partly transparent; it is shown on black.</source>
        <translation>{name} 部分透明；以黑色为背景显示。</translation>
    </message>
    <message>
        <source>{name} is truncated: its end is missing; copy it again from its source.</source>
        <translation>{name} 不完整：缺少结尾；请从来源重新复制。</translation>
    </message>
    <message>
        <source>{name} is truncated; copy it again from its source.</source>
        <translation>{name} 不完整；请从来源重新复制。</translation>
    </message>
    <message>
        <source>{name} is {width} x {height}, but its image is {image_width} x {image_height}; it was left as it is. Check that it belongs to this image.</source>
        <translation>{name} 的尺寸为 {width} x {height}，而图像为 {image_width} x {image_height}；文件保持原样。请确认它属于此图像。</translation>
    </message>
    <message>
        <source>{name} knows none of the classes of the table; choose other weights or fine-tune them.</source>
        <translation>{name} 不认识类别表中的任何类别；请选择其他权重，或对其进行微调。</translation>
    </message>
    <message>
        <source>{name} uses classes that the table no longer has: {classes}. Add or import them again to use it.</source>
        <translation>{name} 使用了类别表中已不存在的类别：{classes}。请重新添加或导入这些类别后再使用。</translation>
    </message>
    <message>
        <source>{name} was written by a newer version of this program (format {found}, this one knows {known}); update the program to use it.</source>
        <translation>{name} 由更新版本的程序写入（格式 {found}，本程序支持 {known}）；请更新程序后使用。</translation>
    </message>
    <message>
        <source>{name}, {index} of {count}</source>
        <translation>{name}，第 {index} 个，共 {count} 个</translation>
    </message>
    <message>
        <source>{path} cannot be read ({detail}); check that it is a file and that you may read it.</source>
        <translation>无法读取 {path}（{detail}）；请确认它是文件且您有读取权限。</translation>
    </message>
    <message>
        <source>{path} does not exist; choose another weights file.</source>
        <translation>{path} 不存在；请选择其他权重文件。</translation>
    </message>
    <message>
        <source>{path} is a folder; name the file to publish.</source>
        <translation>{path} 是文件夹；请给出要发布的文件名。</translation>
    </message>
    <message>
        <source>{place} could not be read or written: {reason}.</source>
        <translation>无法读取或写入 {place}：{reason}。</translation>
    </message>
    <message>
        <source>{preset} is no network; choose one of {known}.</source>
        <translation>{preset} 不是网络名称；请从 {known} 中选择。</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
</context>
<context>
    <name>options</name>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>round</source>
        <translation>圆形</translation>
    </message>
    <message>
        <source>square</source>
        <translation>方形</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>pressure</source>
        <translation>压感</translation>
    </message>
    <message>
        <source>Snap</source>
        <translation>吸附</translation>
    </message>
    <message>
        <source>also take away</source>
        <translation>同时去除</translation>
    </message>
    <message>
        <source>paints</source>
        <translation>绘制</translation>
    </message>
    <message>
        <source>erases</source>
        <translation>擦除</translation>
    </message>
    <message>
        <source>selects</source>
        <translation>选择</translation>
    </message>
    <message>
        <source>Does</source>
        <translation>作用</translation>
    </message>
    <message>
        <source>one label</source>
        <translation>同一标签</translation>
    </message>
    <message>
        <source>like values</source>
        <translation>相近数值</translation>
    </message>
    <message>
        <source>Fills</source>
        <translation>填充</translation>
    </message>
    <message>
        <source>touching pixels</source>
        <translation>相邻像素</translation>
    </message>
    <message>
        <source>everywhere</source>
        <translation>整张图像</translation>
    </message>
    <message>
        <source>In</source>
        <translation>范围</translation>
    </message>
    <message>
        <source>Tolerance</source>
        <translation>容差</translation>
    </message>
    <message>
        <source>watershed</source>
        <translation>分水岭</translation>
    </message>
    <message>
        <source>GrabCut</source>
        <translation>GrabCut</translation>
    </message>
    <message>
        <source>Found by</source>
        <translation>算法</translation>
    </message>
    <message>
        <source>Superpixel</source>
        <translation>超像素</translation>
    </message>
</context>
<context>
    <name>stroke</name>
    <message>
        <source>{name} is protected from itself: unlock it to paint</source>
        <translation>{name}已锁定，解锁后才能绘制</translation>
    </message>
    <message>
        <source>, in the selection</source>
        <translation>仅在选区内，</translation>
    </message>
    <message>
        <source>{does}{over}{but}{values}{selected}</source>
        <comment>the parts of the sentence in their order</comment>
        <translation>{selected}{over}{does}{but}{values}</translation>
    </message>
    <message>
        <source>Selects; changes nothing</source>
        <translation>选取区域；不改变标签</translation>
    </message>
    <message>
        <source>Takes the class of the pixel that is clicked</source>
        <translation>采用所单击像素的类别</translation>
    </message>
    <message>
        <source>Moves the view; changes nothing</source>
        <translation>移动视图；不改变标签</translation>
    </message>
    <message>
        <source>Erases to background</source>
        <translation>擦除为背景</translation>
    </message>
    <message>
        <source>Enter paints {name} from {low} to {high}</source>
        <translation>按回车在 {low} 至 {high} 内绘制{name}</translation>
    </message>
    <message>
        <source>Gives back to the model what was accepted; the labels stay</source>
        <translation>将已确认的退回给模型；标签不变</translation>
    </message>
    <message>
        <source>Takes from {name} what the model gives to others</source>
        <translation>从{name}中去除模型判给其他类别的部分</translation>
    </message>
    <message>
        <source>Erases to {name}</source>
        <translation>擦除为“{name}”</translation>
    </message>
    <message>
        <source>Accepts what the model set; the labels stay</source>
        <translation>确认模型的结果；标签不变</translation>
    </message>
    <message>
        <source>Moves the edge of {name} to where the model puts it</source>
        <translation>将{name}的边缘移到模型判定的位置</translation>
    </message>
    <message>
        <source>Paints {name} where the image looks alike</source>
        <translation>在图像相似处绘制{name}</translation>
    </message>
    <message>
        <source>Paints {name} up to the edge that is found</source>
        <translation>绘制{name}，直到找到的边缘</translation>
    </message>
    <message>
        <source>Paints {name}, one superpixel after another</source>
        <translation>逐个超像素绘制{name}</translation>
    </message>
    <message>
        <source>Paints {name}</source>
        <translation>绘制{name}</translation>
    </message>
    <message>
        <source>Fills touching pixels within ±{tolerance} with {name}</source>
        <translation>将 ±{tolerance} 内的相邻像素填充为{name}</translation>
    </message>
    <message>
        <source>Fills all pixels within ±{tolerance} with {name}</source>
        <translation>将 ±{tolerance} 内的所有像素填充为{name}</translation>
    </message>
    <message>
        <source>Fills touching pixels of one label with {name}</source>
        <translation>将同一标签的相邻像素填充为{name}</translation>
    </message>
    <message>
        <source>Fills all pixels of one label with {name}</source>
        <translation>将同一标签的所有像素填充为{name}</translation>
    </message>
    <message>
        <source> only over empty pixels</source>
        <translation>仅在空白像素上</translation>
    </message>
    <message>
        <source> over {name} only</source>
        <translation>仅在{name}上</translation>
    </message>
    <message>
        <source>; other classes are protected</source>
        <translation>；其他类别受保护</translation>
    </message>
    <message>
        <source>; {count} classes are protected</source>
        <translation>；{count} 个类别受保护</translation>
    </message>
    <message>
        <source>; {names} is protected</source>
        <translation>；{names}受保护</translation>
    </message>
    <message>
        <source>; {names} are protected</source>
        <translation>；{names}受保护</translation>
    </message>
    <message>
        <source> over anything but {names}</source>
        <translation>，不覆盖{names}</translation>
    </message>
    <message>
        <source>, {low} to {high}</source>
        <translation>，{low} 至 {high}</translation>
    </message>
    <message>
        <source> and </source>
        <comment>between two names</comment>
        <translation>和</translation>
    </message>
    <message>
        <source>{name}</source>
        <comment>a class&apos;s name within a sentence</comment>
        <translation>“{name}”</translation>
    </message>
</context>
<context>
    <name>training</name>
    <message>
        <source>Done. Without held-out images nobody can say whether it is better: you decide.</source>
        <translation>完成。没有验证图像，无法判断新模型是否更好：请您决定。</translation>
    </message>
    <message>
        <source>Done, but it finds nothing on the held-out images: you decide.</source>
        <translation>完成，但它在留出的图像上什么也没有找到：由您决定。</translation>
    </message>
    <message>
        <source>Done, but Dice fell from {old:.1f} to {new:.1f}: you decide.</source>
        <translation>完成，但 Dice 从 {old:.1f} 降到 {new:.1f}：请您决定。</translation>
    </message>
    <message>
        <source>Epoch {epoch} of {epochs}</source>
        <translation>第 {epoch} 轮，共 {epochs} 轮</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>正在启动</translation>
    </message>
    <message>
        <source>Reading labels</source>
        <translation>正在读取标签</translation>
    </message>
    <message>
        <source>Finishing: it winds down and is scored</source>
        <translation>正在完成：收尾并评分</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>正在停止</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Done. The held-out images give no score, so nobody can say whether it is better: you decide.</source>
        <translation>完成。验证图像得不出分数，无法判断新模型是否更好：请您决定。</translation>
    </message>
    <message>
        <source>Done. The earlier model knows none of these classes, so there is nothing to compare with; the new one has Dice {new:.1f} on the held-out images: you decide.</source>
        <translation>完成。先前的模型不认识这里的任何类别，无从比较；新模型在验证图像上的 Dice 为 {new:.1f}：请您决定。</translation>
    </message>
    <message>
        <source>Done. There is no earlier score to compare with; the new model has Dice {new:.1f} on the held-out images: you decide.</source>
        <translation>完成。没有先前的得分可供比较；新模型在验证图像上的 Dice 为 {new:.1f}：请您决定。</translation>
    </message>
    <message>
        <source>It cannot be resumed: its first epoch was not over.</source>
        <translation>无法继续：第一轮尚未结束。</translation>
    </message>
    <message>
        <source>{train} to train on, {held_out} held out</source>
        <translation>{train} 幅训练图像，{held_out} 幅验证图像</translation>
    </message>
    <message>
        <source>{count} without a label are looked at</source>
        <translation>另查看 {count} 幅没有标签的图像</translation>
    </message>
    <message>
        <source>{device}, batch {batch}</source>
        <translation>{device}，批次 {batch}</translation>
    </message>
    <message>
        <source>Dice {old:.1f} before, {new:.1f} now: it predicts from here on.</source>
        <translation>Dice 原为 {old:.1f}，现为 {new:.1f}：从现在起用于预测。</translation>
    </message>
    <message>
        <source>Series so far: {units}. The fifth is the first that can be held out.</source>
        <translation>目前有 {units} 个序列，从第五个起才可能用于验证。</translation>
    </message>
    <message>
        <source>Groups so far: {units}. The fifth is the first that can be held out.</source>
        <translation>目前有 {units} 组，从第五组起才可能用于验证。</translation>
    </message>
    <message>
        <source>Blocks of 10 mm so far: {units}. The fifth is the first that can be held out.</source>
        <translation>目前有 {units} 个 10 毫米层块，从第五个起才可能用于验证。</translation>
    </message>
    <message>
        <source>{first}, {second}</source>
        <translation>{first}，{second}</translation>
    </message>
    <message>
        <source>about {seconds} s left</source>
        <translation>约剩 {seconds} 秒</translation>
    </message>
    <message>
        <source>about {minutes} min left</source>
        <translation>约剩 {minutes} 分钟</translation>
    </message>
    <message>
        <source>No labels yet. Predict an image, correct it, and press Ctrl+S or Enter: then there is something to learn from.</source>
        <translation>尚无标签。请预测一幅图像，修改后按 Ctrl+S 或 Enter：这样模型才有可学习的内容。</translation>
    </message>
    <message>
        <source>labelled: {labelled}, held out: {held_out}</source>
        <translation>{labelled} 幅图像有标签，其中 {held_out} 幅用于验证</translation>
    </message>
    <message>
        <source>{count} corrected since (Ctrl+S saves it)</source>
        <translation>其后又有 {count} 幅修正（Ctrl+S 保存）</translation>
    </message>
    <message>
        <source>No training yet. Fine-tune (Ctrl+T) teaches the model what you corrected.</source>
        <translation>尚未训练。微调（Ctrl+T）让模型学习您的修改。</translation>
    </message>
</context>
<context>
    <name>window</name>
    <message>
        <source>Abdomen</source>
        <translation>腹部</translation>
    </message>
    <message>
        <source>Liver</source>
        <translation>肝脏</translation>
    </message>
    <message>
        <source>Lung</source>
        <translation>肺</translation>
    </message>
    <message>
        <source>Bone</source>
        <translation>骨</translation>
    </message>
    <message>
        <source>Mediastinum</source>
        <translation>纵隔</translation>
    </message>
    <message>
        <source>Unchanged</source>
        <translation>原样</translation>
    </message>
    <message>
        <source>Auto</source>
        <translation>自动</translation>
    </message>
</context>
<context>
    <name>window commands</name>
    <message>
        <source>About</source>
        <translation>关于</translation>
    </message>
    <message>
        <source>Lightning Segmenter</source>
        <translation>闪电分割</translation>
    </message>
    <message>
        <source>Predict, correct, fine-tune: a segmenter with a Lightning-Attention network. Not for clinical use.</source>
        <translation>预测、修改、微调：采用 Lightning Attention 网络的分割程序。不可用于临床。</translation>
    </message>
    <message>
        <source>Icons: Lucide (ISC). Font: Inter (OFL).</source>
        <translation>图标：Lucide（ISC）。字体：Inter（OFL）。</translation>
    </message>
</context>
</TS>
