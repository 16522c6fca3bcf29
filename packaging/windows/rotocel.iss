; The installer for Windows, of Inno Setup 6: iscc /DVersion=0.1.0 packaging\windows\rotocel.iss
; It installs for one user and asks for no rights.

#ifndef Version
  #error Say which version: iscc /DVersion=0.1.0
#endif

[Setup]
AppId={{6B0B1B8E-5C0C-4F5E-9C55-0B8A4C7D2E11}
AppName=Rotocel
AppVersion={#Version}
AppPublisher=The Rotocel authors
DefaultDirName={autopf}\Rotocel
DefaultGroupName=Rotocel
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
Compression=lzma2/max
SolidCompression=yes
LicenseFile=..\..\dist\rotocel\licences\LICENCES.md
OutputDir=..\..\dist
OutputBaseFilename=rotocel-{#Version}-windows-x64-setup
UninstallDisplayIcon={app}\rotocel-window.exe

[Files]
Source: "..\..\dist\rotocel\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\Rotocel"; Filename: "{app}\rotocel-window.exe"

[Registry]
Root: HKA; Subkey: "Software\Classes\.roto"; ValueType: string; ValueData: "Rotocel.Project"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\Rotocel.Project"; ValueType: string; ValueData: "Rotocel project"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Rotocel.Project\DefaultIcon"; ValueType: string; ValueData: "{app}\rotocel-window.exe,0"
Root: HKA; Subkey: "Software\Classes\Rotocel.Project\shell\open\command"; ValueType: string; ValueData: """{app}\rotocel-window.exe"" ""%1"""

[Run]
Filename: "{app}\rotocel-window.exe"; Description: "Open Rotocel"; Flags: nowait postinstall skipifsilent
