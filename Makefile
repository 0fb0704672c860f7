# The same words as scripts/setup.sh, for those who have make. Settings are variables: make setup PORT=9000
# (make passes variables given on its command line on to the commands as environment variables).
WORDS := setup doctor explain fix lab stop status models sets smoke wheels mirrors colab log undo test lint lock docs bench manifest

help:
	@sh scripts/setup.sh --help

$(WORDS):
	@sh scripts/setup.sh $@ $(ARGS)

.PHONY: help $(WORDS)
