# Compares this host with what windows-state.ps1 wrote of it before; prints every difference. Needs an administrator.
# usage: windows-compare.ps1 -Before FILE     exit status 0: there is none
param([Parameter(Mandatory = $true)][string]$Before)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$was = @(Get-Content -LiteralPath $Before -Encoding UTF8)
$is = @(& (Join-Path $PSScriptRoot 'windows-state.ps1'))
$differences = @(Compare-Object $was $is | Sort-Object InputObject)
$differences | ForEach-Object { Write-Output "$(if ($_.SideIndicator -eq '<=') { 'gone:' } else { 'new: ' }) $($_.InputObject)" }
Write-Output "$($is.Count) items, $($differences.Count) differences"
exit [int]($differences.Count -ne 0)
