# For those who type make; everything is in ./run.
.PHONY: start test lint types bench setup
start:
	./run $(ARGS)
test lint types bench setup:
	./run $@ $(ARGS)
