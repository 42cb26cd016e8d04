"""The style of the pages. It is in the page, and the Content-Security-Policy allows it by its hash."""

import base64
import hashlib

LIGHT = {
    "bg": "#fbfbfa", "panel": "#ffffff", "text": "#1c2127", "muted": "#56606b", "line": "#d5dae0", "code": "#f0f2f4",
    "link": "#0b5cad", "good": "#176639", "good-bg": "#e4f4ea", "bad": "#a3201c", "bad-bg": "#fdeae8",
    "warn": "#7a4d00", "warn-bg": "#fdf2d8", "focus": "#0b5cad",
}  # fmt: skip
DARK = {
    "bg": "#14171b", "panel": "#1b1f25", "text": "#e6e9ed", "muted": "#a3adb8", "line": "#363d46", "code": "#242a31",
    "link": "#7db8f5", "good": "#7ad69b", "good-bg": "#143222", "bad": "#ff9d96", "bad-bg": "#41191a",
    "warn": "#f2c46b", "warn-bg": "#3a2c0e", "focus": "#9ccaf8",
}  # fmt: skip
PAIRS = (
    ("text", "bg"), ("text", "panel"), ("text", "code"), ("muted", "bg"), ("muted", "panel"), ("link", "bg"),
    ("link", "panel"), ("good", "good-bg"), ("bad", "bad-bg"), ("warn", "warn-bg"), ("muted", "code"),
)  # fmt: skip
"""Colours of text, each with those that it stands on. A test computes their contrast (WCAG 2.2, criterion 1.4.3)."""


def _colours(values: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in values.items())


_RULES = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--link);text-underline-offset:.15em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-100vw;top:0;background:var(--panel);padding:.6rem 1rem;z-index:1}
.skip:focus{left:0}
.wrap{max-width:66rem;margin:0 auto;padding:0 1.25rem}
header{border-bottom:1px solid var(--line);background:var(--panel)}
header .wrap{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1.5rem;padding-top:.9rem;padding-bottom:.9rem}
header .name{font-weight:650;font-size:1.1rem;color:var(--text);text-decoration:none}
header nav ul{display:flex;flex-wrap:wrap;gap:0 1.25rem;list-style:none;margin:0;padding:0}
header nav a{display:inline-block;padding:.2rem 0}
header .who{margin-left:auto;color:var(--muted);font-size:.9rem;overflow-wrap:anywhere}
main.wrap{padding-top:1.75rem;padding-bottom:3rem}
main:focus{outline:none}
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.2rem 0 .6rem}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.5rem 0;max-width:44rem}
.muted,.small{color:var(--muted)}
.small{font-size:.9rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875em}
code{overflow-wrap:anywhere}
pre{background:var(--code);border:1px solid var(--line);border-radius:8px;
padding:.75rem 1rem;margin:.5rem 0;overflow-x:auto}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:10px;
padding:.25rem 1.25rem 1rem;margin:1rem 0}
details{border-top:1px solid var(--line);padding:.35rem 0}
details:first-of-type{border-top:0}
summary{cursor:pointer;font-weight:600;padding:.25rem 0}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--panel);margin:.75rem 0}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:.7rem .9rem .2rem;color:var(--muted);font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .9rem;border-top:1px solid var(--line)}
thead th{border-top:0;font-size:.85rem;color:var(--muted);font-weight:600;white-space:nowrap}
tbody th{font-weight:600;overflow-wrap:break-word;min-width:9rem}
td{overflow-wrap:anywhere}
td.num{white-space:nowrap;font-variant-numeric:tabular-nums}
td.wide{min-width:14rem}
.badge{display:inline-block;border-radius:999px;padding:.05rem .65rem;font-size:.85rem;font-weight:600;
white-space:nowrap;color:var(--muted);background:var(--code)}
.good{color:var(--good);background:var(--good-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}
.warn{color:var(--warn);background:var(--warn-bg)}
.verdict{border-radius:10px;padding:.8rem 1.1rem;margin:1rem 0}
.verdict p{max-width:none}
.verdict strong{font-size:1.1rem}
.verdict pre{background:var(--panel);color:var(--text);white-space:pre-wrap;overflow-wrap:anywhere}
form{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.8rem 0}
.field{display:flex;flex-direction:column;gap:.2rem;flex:1 1 16rem}
.field.short{flex:0 1 12rem}
label{font-size:.9rem;color:var(--muted)}
input,button{font:inherit;color:var(--text);background:var(--panel);
border:1px solid var(--muted);border-radius:8px;padding:.45rem .75rem;min-width:0}
button{background:var(--text);color:var(--bg);border-color:var(--text);cursor:pointer;font-weight:600}
ul.plain{list-style:none;padding:0;margin:.5rem 0}
ul.plain li{padding:.2rem 0}
ol.way li{padding:.15rem 0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.35rem 1.25rem;margin:.6rem 0}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
.pages{display:flex;gap:1.25rem}
footer .wrap{padding-top:.5rem;padding-bottom:1.5rem;max-width:66rem;margin:0 auto}
footer{border-top:1px solid var(--line);color:var(--muted);font-size:.9rem}
@media (max-width:34rem){
dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.5rem}
header .who{margin-left:0;width:100%}
h1{font-size:1.4rem}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,th,td,caption{display:block}
tbody tr{border-top:1px solid var(--line);padding:.5rem 0}
tbody th,tbody td{border:0;padding:.15rem .9rem;min-width:0}
tbody th{overflow-wrap:anywhere}
td[data-label]{display:flex;gap:.75rem}
td[data-label]::before{content:attr(data-label);color:var(--muted);flex:0 0 8.5rem}
}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
"""
STYLE = f":root{{{_colours(LIGHT)}}}@media (prefers-color-scheme:dark){{:root{{{_colours(DARK)}}}}}{_RULES}"
"""The whole style sheet."""
HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of every page: nothing is loaded, nothing runs, nobody frames it."""
