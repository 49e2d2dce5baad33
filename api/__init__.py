"""The faces: command line, HTTP and pages."""
