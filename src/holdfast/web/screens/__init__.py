"""The dashboard's pages: one module each, complete without JavaScript."""
