"""The ink network: which pixels of a picture hold the ink of handwriting."""

from training.recipe import DrawnPictures, Part, Recipe

RECIPES = (
    Recipe(
        name="inknet",
        group="ink",
        network=(Part("InkNetwork", {"widths": (16, 16, 32, 40)}),),
        parameters=89_236,
        frozen_parameters=768,
        optimizer=Part("AdamW", {"learning_rate": 3e-3, "weight_decay": 1e-3, "beta_2": 0.99}),
        batch_size=32,
        epochs=22,
        validation="none",
        keeps="last epoch",
        claim=None,
        decay="cosine",
        drawn=DrawnPictures(pool=60_000, an_epoch=12_000),
    ),
)
