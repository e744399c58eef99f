"""One small module for each thing that must be refused or reported when it runs apart."""
