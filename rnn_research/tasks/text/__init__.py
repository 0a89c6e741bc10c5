"""Text: corpora, vocabularies, streams and the language-modelling task."""
