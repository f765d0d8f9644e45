"""Whole deployments: real processes, real servers, HTTP."""
