"""Links between goals: what one change caused, upstream and downstream."""
