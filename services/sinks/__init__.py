"""The log sent on to a broker of the operator's: each event once, in order, from where the broker says that it is."""
