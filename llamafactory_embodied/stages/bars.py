"""Bar charts as SVG: small, sharp at every size, shown by hubs and browsers, and the same bytes everywhere."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_ROW_PX, _LABEL_PX, _BAR_PX, _NUMBER_PX = 22, 290, 360, 70
_COLORS = ("#3b6ea5", "#c9c9c9")
_FONT = "font-family='sans-serif' font-size='13'"


def bar_chart(title: str, groups: Mapping[str, Mapping[str, float]], unit: str = "") -> str:
    """Draws horizontal bars.

    Args:
        title: above the chart.
        groups: label -> series -> value; at most two series, the same for every label, the first in colour.
        unit: after each number.

    Returns:
        The SVG document.
    """
    series = list(next(iter(groups.values())))
    most = max((value for row in groups.values() for value in row.values()), default=0) or 1
    row_px = _ROW_PX * len(series) + 6
    top = 58 if len(series) > 1 else 38
    lines = [f"<text x='8' y='22' {_FONT} font-weight='bold'>{escape(title)}</text>"]
    if len(series) > 1:
        lines += [_key(place, name) for place, name in enumerate(series)]
    for number, (label, row) in enumerate(groups.items()):
        y = top + number * row_px
        middle = y + row_px / 2 + 1
        lines.append(f"<text x='{_LABEL_PX - 8}' y='{middle:.0f}' text-anchor='end' {_FONT}>{escape(label)}</text>")
        lines += [
            _bar(y + _ROW_PX * place, row[name], most, unit, _COLORS[place]) for place, name in enumerate(series)
        ]
    width, height = _LABEL_PX + _BAR_PX + _NUMBER_PX, top + row_px * len(groups) + 6
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'>"
    return "\n".join([head, f"<rect width='{width}' height='{height}' fill='white'/>", *lines, "</svg>"]) + "\n"


def _key(place: int, name: str) -> str:
    x = _LABEL_PX + 130 * place
    box = f"<rect x='{x}' y='34' width='12' height='12' fill='{_COLORS[place]}'/>"
    return f"{box}<text x='{x + 18}' y='45' {_FONT}>{escape(name)}</text>"


def _bar(y: int, value: float, most: float, unit: str, color: str) -> str:
    width = _BAR_PX * value / most
    number = f"{value:,.0f}" if value == int(value) else f"{value:.1f}"
    bar = f"<rect x='{_LABEL_PX}' y='{y}' width='{width:.1f}' height='{_ROW_PX - 4}' fill='{color}'/>"
    return f"{bar}<text x='{_LABEL_PX + width + 6:.0f}' y='{y + 14}' {_FONT}>{number}{escape(unit)}</text>"


def counted(values: Sequence[int], most: int) -> dict[str, dict[str, float]]:
    """How often each whole number occurs, as rows of a chart; those from `most` on are one row."""
    rows = {
        str(number): {"trajectories": float(values.count(number))} for number in range(min(values, default=0), most)
    }
    return rows | {f"{most} and more": {"trajectories": float(sum(value >= most for value in values))}}
