"""What the documents say, against what ships."""

import statistics
from pathlib import Path

from digit_infer import zoo

ROOT = Path(__file__).parents[1]


def test_readme_shows_every_model_as_it_is():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for model in zoo.models().values():
        accuracy, seeds = model.accuracy, model.training.accuracy_by_seed
        name = f"`{model.name}` (default)" if model.name == zoo.DEFAULT_MODEL else f"`{model.name}`"
        cells = (
            name,
            f"{model.parameters:,}",
            f"{100 * accuracy.share:.2f} % ({100 * accuracy.low:.2f} to {100 * accuracy.high:.2f})",
            f"{100 * statistics.fmean(seeds):.2f} % ({len(seeds)})",
            "ours" if model.published_accuracy is None else f"{100 * model.published_accuracy:.2f} %",
        )
        assert f"| {' | '.join(cells)} |" in readme
