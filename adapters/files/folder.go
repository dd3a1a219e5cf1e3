package files

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bellman/adapters/extract"
)

// dropped is one file of the folder, as it was when the folder was listed.
type dropped struct {
	path string
	info fs.FileInfo
}

// still reports whether the same file stands at a path.
func (d dropped) still(path string) bool {
	now, err := os.Lstat(path)
	return err == nil && now.Size() == d.info.Size() && now.ModTime().Equal(d.info.ModTime())
}

// listed gives the files that match, at least one, the one changed last first; of
// several with the same time, the last by name. Links, folders, hidden files, the lock
// files of office programs, and the list of patients are passed over.
func (a *Adapter) listed() ([]dropped, error) {
	dir, pattern := a.config.Dir, a.config.pattern()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the folder: %s", extract.Why(err))
	}
	var out []dropped
	for _, e := range entries {
		if ok, _ := filepath.Match(pattern, e.Name()); !ok || !e.Type().IsRegular() {
			continue
		}
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "~$") || a.isList(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // gone since it was listed
		}
		out = append(out, dropped{path: filepath.Join(dir, e.Name()), info: info})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the folder holds no file that matches %s", pattern)
	}
	slices.SortFunc(out, func(a, b dropped) int {
		return cmp.Or(b.info.ModTime().Compare(a.info.ModTime()), cmp.Compare(b.path, a.path))
	})
	return out, nil
}

// isList reports whether a file is the list of patients, which is no diary.
func (a *Adapter) isList(name string) bool {
	return a.config.Patients != nil && filepath.Clean(a.config.Patients.File) == filepath.Join(a.config.Dir, name)
}

// unchanged fails when the file behind the handle was written to while it was
// read, or when another one took its place.
func unchanged(f *os.File, before fs.FileInfo, path string) error {
	after, err := f.Stat()
	if err != nil {
		return broken("look at the newest file again", err)
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return errGrowing
	}
	named, err := os.Stat(path)
	if err != nil || !os.SameFile(named, after) {
		return errReplaced
	}
	return nil
}

// errReplaced says that another file has taken its place.
var errReplaced = errors.New("the newest file was replaced while it was read")
