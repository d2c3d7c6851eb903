-- The last 8 digits of the id of every user, organization, service account, resource group and repository that there is or was.
-- Decisions about access tell those apart by these digits alone, so a tail is given once: no row is ever deleted. It is
-- the text itself, which both engines cut out of an id alike, and as ids are written in lower case alone, texts are equal when the
-- numbers are. The rows come from the program, which names two ids that share a tail.
CREATE TABLE id_tails (
    tail TEXT NOT NULL PRIMARY KEY CHECK (LENGTH(tail) = 8 AND tail <> '00000000')
) CLUSTERED;
