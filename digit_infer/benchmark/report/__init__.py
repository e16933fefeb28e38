"""What people and programs read of a run: tables, a page with plots, and a recommendation. Text out, nothing measured."""
