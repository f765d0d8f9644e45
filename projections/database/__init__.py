"""The read models' database: tables, named SQL, paging, and a backend for each store."""
