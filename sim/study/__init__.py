"""Studies: several scenarios, uncertain inputs and many replicates, planned, run anywhere, stored and resumed."""
