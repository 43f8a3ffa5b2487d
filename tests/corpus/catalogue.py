"""All sources of the corpus."""

from tests.corpus.clocks import CLOCKS
from tests.corpus.codecs import CODECS
from tests.corpus.containers import CONTAINERS
from tests.corpus.natural import NATURAL
from tests.corpus.refusals import REFUSALS
from tests.corpus.sounds import SOUNDS

SOURCES = (*CODECS, *CLOCKS, *CONTAINERS, *SOUNDS, *NATURAL, *REFUSALS)
