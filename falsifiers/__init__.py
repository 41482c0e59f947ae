"""How claims are attacked: one module a contract, functions named as claims."""
