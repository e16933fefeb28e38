"""``python -m bench.document``: from stored records to the pages on exports, benchmarks, models and pictures, and cards."""

from __future__ import annotations

from pathlib import Path

from bench.document.benchmarks.page import RESULTS, benchmarks_page
from bench.document.benchmarks.pictures import draw_pictures
from bench.document.normalizers import normalizers_page
from bench.document.own.card import card, own_models, reliability_picture
from bench.document.own.ink_card import ink_card
from bench.document.own.pareto import PICTURE, pareto_page, pareto_picture
from bench.document.page import exports_page
from bench.document.picture_path import PICTURE as PICTURE_PATH
from bench.document.picture_path import draw_picture_path
from digit_infer.files import write_text
from digit_infer.zoo import CARDS, manifest
from training.report.style import save, styled

_DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Write the pages, their pictures, and the cards of our own networks."""
    write_text(_DOCS / "exports.md", exports_page())
    write_text(_DOCS / "benchmarks.md", benchmarks_page())
    draw_pictures(RESULTS, _DOCS / "benchmarks")
    write_text(_DOCS / "pareto.md", pareto_page())
    write_text(_DOCS / "normalizer.md", normalizers_page())
    draw_picture_path(_DOCS / PICTURE_PATH)
    with styled():
        save(pareto_picture(), _DOCS / "models" / PICTURE)
        write_text(CARDS / f"{manifest().ink.name}.md", ink_card(manifest().ink))
        for model in own_models():
            write_text(CARDS / f"{model.name}.md", card(model))
            save(reliability_picture(model), _DOCS / "models" / f"{model.name}_reliability.png")


if __name__ == "__main__":
    main()
