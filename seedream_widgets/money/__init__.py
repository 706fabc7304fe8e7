"""Money: the price before, the budget meanwhile, the ledger after."""
