"""The report on the reproduction: pages and pictures, made from the stored records alone."""
