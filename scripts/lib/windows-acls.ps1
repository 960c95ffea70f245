# Prints owner, group and access list of the directories given and of all that is in them, one object a line, sorted.
# Two of these are compared before and after. Nothing is looked for behind a junction or link.
# usage: windows-acls.ps1 -Trees DIR,... [-Objects PATH,...]     -Objects: these alone, not what is in them
param(
    [Parameter(Mandatory = $true)][string[]]$Trees,
    [string[]]$Objects = @()
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

function Get-Line {
    param([string]$Path)
    "acl $Path $((Get-Acl -LiteralPath $Path).Sddl)"
}

$lines = New-Object 'Collections.Generic.List[string]'
$waiting = New-Object 'Collections.Generic.Stack[string]'
foreach ($path in $Objects) { $lines.Add((Get-Line $path)) }
foreach ($path in $Trees) {
    $lines.Add((Get-Line $path))
    $waiting.Push($path)
}
while ($waiting.Count -gt 0) {
    foreach ($item in @(Get-ChildItem -LiteralPath $waiting.Pop() -Force)) {
        $lines.Add((Get-Line $item.FullName))
        $link = [bool]($item.Attributes -band [IO.FileAttributes]::ReparsePoint)
        if ($item.PSIsContainer -and -not $link) { $waiting.Push($item.FullName) }
    }
}
$lines | Sort-Object
exit 0
