@echo off
rem Installs what is missing into .venv of this checkout and opens the program: start.bat [FOLDER] [options of lsgui]
rem UNTESTED: written beside start.sh, but never run on Windows.
setlocal
for %%I in ("%~dp0..") do set "CHECKOUT=%%~fI"
set "VENV=%CHECKOUT%\.venv"
set "VENV_PYTHON=%VENV%\Scripts\python.exe"
set "CONSTRAINTS=%CHECKOUT%\resources\constraints.txt"
set "LOG=%VENV%\setup.log"
set "STAMP=%VENV%\ready-program"
set PYTHONPATH=
set PYTHONHOME=
set PIP_USER=0
set PIP_NO_INPUT=1
set PIP_DISABLE_PIP_VERSION_CHECK=1

copy /b "%CONSTRAINTS%"+"%CHECKOUT%\pyproject.toml" "%TEMP%\lsgui-wanted" >nul
if exist "%STAMP%" fc /b "%TEMP%\lsgui-wanted" "%STAMP%" >nul 2>&1 && goto run
"%VENV_PYTHON%" -c "import pip" >nul 2>&1 || call :create_venv || goto failed
call :install_torch || goto failed
call :install_packages || goto failed
copy /b "%TEMP%\lsgui-wanted" "%STAMP%" >nul

:run
rem Without "safe path" a folder called `model` where the user stands would hide ours.
set PYTHONSAFEPATH=1
set "FIRST=%~1"
if not defined FIRST (
    "%VENV_PYTHON%" -m lsgui "%CHECKOUT%\resources\sample"
) else if "%FIRST:~0,1%"=="-" (
    "%VENV_PYTHON%" -m lsgui "%CHECKOUT%\resources\sample" %*
) else (
    "%VENV_PYTHON%" -m lsgui %*
)
exit /b %ERRORLEVEL%

:create_venv
call :find_python || exit /b 1
if exist "%VENV%" rmdir /s /q "%VENV%"
mkdir "%VENV%"
echo Making .venv ...
%PYTHON% -m venv "%VENV%" >"%LOG%" 2>&1
exit /b %ERRORLEVEL%

:find_python
for %%P in ("py -3.13" "py -3.12" "py -3.11" "python") do (
    %%~P -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" >nul 2>&1 && set "PYTHON=%%~P" && exit /b 0
)
echo No Python 3.11, 3.12 or 3.13 was found. Install one from python.org and start again.
exit /b 1

:install_torch
for /f "tokens=2 delims==" %%V in ('findstr /b "torch==" "%CONSTRAINTS%"') do set "TORCH=%%V"
"%VENV_PYTHON%" -c "import sys; from importlib.metadata import version; sys.exit(version('torch').partition('+')[0] != sys.argv[1])" %TORCH% >nul 2>&1 && exit /b 0
echo Installing torch ...
"%VENV_PYTHON%" -m pip install --no-index --no-deps torch==%TORCH% >>"%LOG%" 2>&1 && exit /b 0
set TORCH_INDEX=
where nvidia-smi >nul 2>&1 && set "TORCH_INDEX=--index-url https://download.pytorch.org/whl/cu130 --no-deps"
"%VENV_PYTHON%" -m pip install --only-binary :all: --constraint "%CONSTRAINTS%" %TORCH_INDEX% torch==%TORCH% >>"%LOG%" 2>&1
exit /b %ERRORLEVEL%

:install_packages
echo Installing the other packages ...
"%VENV_PYTHON%" -c "import sys, tomllib; print(*tomllib.load(open(sys.argv[1], 'rb'))['project']['dependencies'], sep='\n')" "%CHECKOUT%\pyproject.toml" >"%VENV%\requirements.txt" || exit /b 1
"%VENV_PYTHON%" -m pip install --only-binary :all: --constraint "%CONSTRAINTS%" --requirement "%VENV%\requirements.txt" >>"%LOG%" 2>&1 || exit /b 1
"%VENV_PYTHON%" -c "import pathlib, sys, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'lsgui-checkout.pth').write_text(sys.argv[1], encoding='locale')" "%CHECKOUT%"
exit /b %ERRORLEVEL%

:failed
echo That did not work. What was said is in %LOG%
pause
exit /b 1
