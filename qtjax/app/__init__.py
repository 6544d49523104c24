"""The command line: what it runs, prints, draws and writes."""
