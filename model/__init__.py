"""The library under the program: label maps, images, workspaces, the network and its training. It never imports Qt."""
