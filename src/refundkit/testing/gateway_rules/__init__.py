"""The rules that every gateway keeps, as tests, one module for each chapter of the written contract."""
