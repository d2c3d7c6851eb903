package meta

import (
	"context"
	"errors"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

var errSkeleton = errors.New("not written yet")

func (db *DB) CreateUser(ctx context.Context, u hub.User, passwordHash string, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) UserByName(ctx context.Context, name string) (hub.User, error) {
	return hub.User{}, errSkeleton
}
func (db *DB) UserByID(ctx context.Context, id hub.ID) (hub.User, error) {
	return hub.User{}, errSkeleton
}
func (db *DB) PasswordHash(ctx context.Context, userID hub.ID) (string, error) {
	return "", errSkeleton
}
func (db *DB) SetPassword(ctx context.Context, userID hub.ID, hash string, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) UpdateUser(ctx context.Context, u hub.User, ev hub.Event) error { return errSkeleton }
func (db *DB) SetSuspended(ctx context.Context, userID hub.ID, suspended bool, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) DeleteUser(ctx context.Context, userID hub.ID, ev hub.Event) error { return errSkeleton }
func (db *DB) ListUsers(ctx context.Context, after hub.ID, limit int) ([]hub.User, error) {
	return nil, errSkeleton
}
func (db *DB) CountUsers(ctx context.Context) (int64, error) { return 0, errSkeleton }
func (db *DB) CreateOrg(ctx context.Context, o hub.Organization, firstAdmin hub.ID, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) OrgByName(ctx context.Context, name string) (hub.Organization, error) {
	return hub.Organization{}, errSkeleton
}
func (db *DB) OrgByID(ctx context.Context, id hub.ID) (hub.Organization, error) {
	return hub.Organization{}, errSkeleton
}
func (db *DB) UpdateOrg(ctx context.Context, o hub.Organization, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) DeleteOrg(ctx context.Context, id hub.ID, ev hub.Event) error { return errSkeleton }
func (db *DB) ListOrgs(ctx context.Context, after hub.ID, limit int) ([]hub.Organization, error) {
	return nil, errSkeleton
}
func (db *DB) SetMember(ctx context.Context, orgID, userID hub.ID, role hub.Role, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) RemoveMember(ctx context.Context, orgID, userID hub.ID, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) Members(ctx context.Context, orgID, after hub.ID, limit int) ([]hub.Member, error) {
	return nil, errSkeleton
}
func (db *DB) MembershipsOf(ctx context.Context, userID hub.ID) ([]hub.Member, error) {
	return nil, errSkeleton
}
func (db *DB) Namespace(ctx context.Context, name string) (hub.Namespace, error) {
	return hub.Namespace{}, errSkeleton
}
func (db *DB) CreateSession(ctx context.Context, s hub.Session, digest []byte, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) SessionByDigest(ctx context.Context, digest []byte) (hub.Session, hub.User, error) {
	return hub.Session{}, hub.User{}, errSkeleton
}
func (db *DB) DeleteSession(ctx context.Context, id hub.ID, ev hub.Event) error { return errSkeleton }
func (db *DB) CreateToken(ctx context.Context, t hub.Token, kid string, digest []byte, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) RotateToken(ctx context.Context, id hub.ID, last4, kid string, digest []byte, at time.Time, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) UpdateToken(ctx context.Context, t hub.Token, ev hub.Event) error { return errSkeleton }
func (db *DB) RevokeToken(ctx context.Context, id hub.ID, why string, at time.Time, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) TokenByID(ctx context.Context, id hub.ID) (hub.Token, error) {
	return hub.Token{}, errSkeleton
}
func (db *DB) TokensOf(ctx context.Context, userID hub.ID) ([]hub.Token, error) {
	return nil, errSkeleton
}
func (db *DB) ListTokens(ctx context.Context, after hub.ID, limit int) ([]hub.Token, error) {
	return nil, errSkeleton
}
func (db *DB) TokenFacts(ctx context.Context, digest []byte) (hub.SubjectFacts, error) {
	return hub.SubjectFacts{}, errSkeleton
}
func (db *DB) TokenFactsByID(ctx context.Context, id hub.ID) (hub.SubjectFacts, error) {
	return hub.SubjectFacts{}, errSkeleton
}
func (db *DB) UserFacts(ctx context.Context, userID hub.ID) (hub.SubjectFacts, error) {
	return hub.SubjectFacts{}, errSkeleton
}
func (db *DB) TouchTokens(ctx context.Context, used map[hub.ID]time.Time) error { return errSkeleton }
func (db *DB) CreateRepo(ctx context.Context, r hub.Repo, pub hub.Publication, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error) {
	return hub.Repo{}, false, errSkeleton
}
func (db *DB) RepoByID(ctx context.Context, id hub.ID) (hub.Repo, error) {
	return hub.Repo{}, errSkeleton
}
func (db *DB) UpdateRepo(ctx context.Context, r hub.Repo, ev hub.Event) error { return errSkeleton }
func (db *DB) MoveRepo(ctx context.Context, id hub.ID, to hub.RepoID, namespaceID hub.ID, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) DeleteRepo(ctx context.Context, id hub.ID, ev hub.Event) error { return errSkeleton }
func (db *DB) ListRepos(ctx context.Context, q hub.RepoQuery) (repos []hub.Repo, next string, err error) {
	return nil, "", errSkeleton
}
func (db *DB) CountDownloads(ctx context.Context, counts map[hub.ID]int64) error { return errSkeleton }
func (db *DB) Refs(ctx context.Context, repoID hub.ID, prefix string) ([]hub.Ref, error) {
	return nil, errSkeleton
}
func (db *DB) Ref(ctx context.Context, repoID hub.ID, name string) (hub.Ref, error) {
	return hub.Ref{}, errSkeleton
}
func (db *DB) LivePacks(ctx context.Context, repoID hub.ID) (gen int64, packs []hub.Pack, err error) {
	return 0, nil, errSkeleton
}
func (db *DB) PackInline(ctx context.Context, packID hub.ID) ([]byte, error)    { return nil, errSkeleton }
func (db *DB) StagePack(ctx context.Context, p hub.Pack, lease time.Time) error { return errSkeleton }
func (db *DB) DropStaged(ctx context.Context, packID hub.ID) error              { return errSkeleton }
func (db *DB) Publish(ctx context.Context, pub hub.Publication) (gen int64, err error) {
	return 0, errSkeleton
}
func (db *DB) LFSObjects(ctx context.Context, repoID hub.ID, digests []hub.Digest) (map[hub.Digest]int64, error) {
	return nil, errSkeleton
}
func (db *DB) LFSSize(ctx context.Context, d hub.Digest) (int64, error) { return 0, errSkeleton }
func (db *DB) LFSReadableLink(ctx context.Context, d hub.Digest, v hub.Visible) (bool, error) {
	return false, errSkeleton
}
func (db *DB) CompleteLFS(ctx context.Context, repoID hub.ID, d hub.Digest, size int64, blobKey string, ev hub.Event) error {
	return errSkeleton
}
func (db *DB) LFSBlobKey(ctx context.Context, d hub.Digest) (key string, size int64, err error) {
	return "", 0, errSkeleton
}
func (db *DB) CreateUpload(ctx context.Context, u hub.Upload) error { return errSkeleton }
func (db *DB) UploadByID(ctx context.Context, id hub.ID) (hub.Upload, error) {
	return hub.Upload{}, errSkeleton
}
func (db *DB) ExtendUpload(ctx context.Context, id hub.ID, lease time.Time) error { return errSkeleton }
func (db *DB) AddUploadPart(ctx context.Context, uploadID hub.ID, p hub.UploadPart) error {
	return errSkeleton
}
func (db *DB) UploadParts(ctx context.Context, uploadID hub.ID) ([]hub.UploadPart, error) {
	return nil, errSkeleton
}
func (db *DB) DeleteUpload(ctx context.Context, id hub.ID) error { return errSkeleton }
func (db *DB) ExpiredUploads(ctx context.Context, now time.Time, limit int) ([]hub.Upload, error) {
	return nil, errSkeleton
}
func (db *DB) ExpiredStagedPacks(ctx context.Context, now time.Time, limit int) ([]hub.Pack, error) {
	return nil, errSkeleton
}
func (db *DB) RetiredPacks(ctx context.Context, before time.Time, limit int) ([]hub.Pack, error) {
	return nil, errSkeleton
}
func (db *DB) ForgetPack(ctx context.Context, id hub.ID) error { return errSkeleton }
