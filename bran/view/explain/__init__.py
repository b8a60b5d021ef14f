"""How an explanation is shown: a page, figures, and arrays with the words that they are of."""
