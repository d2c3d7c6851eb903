-- What the tips of a repository lead to, as a set over its packs, so that a process that has just been started need not
-- walk through its history before the first clone. It can be made anew from the packs at any time; body is written and read by
-- store/gitrepo. Rows outlive their repository until they are swept.
CREATE TABLE closures (
    repo_id TEXT  NOT NULL PRIMARY KEY,
    body    BYTES NOT NULL
) CLUSTERED;
