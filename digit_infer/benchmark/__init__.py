"""The measurements behind ``digit-infer bench``: ``suite`` runs them, ``record`` keeps them, ``report`` shows them."""
