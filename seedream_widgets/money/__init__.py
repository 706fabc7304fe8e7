"""Money: prices before a request, the budget while it runs, the ledger afterwards."""
