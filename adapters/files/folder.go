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
	"time"
)

// dropped is one file of the folder.
type dropped struct {
	name string
	when time.Time
	size int64
}

// listed gives the files that match, the one changed last at the end; of several
// with the same time, the last by name. Links, folders, hidden files and the lock
// files of office programs are passed over.
func listed(dir, pattern string) ([]dropped, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the folder: %s", why(err))
	}
	var out []dropped
	for _, e := range entries {
		if ok, _ := filepath.Match(pattern, e.Name()); !ok || !e.Type().IsRegular() {
			continue
		}
		if strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "~$") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // gone since it was listed
		}
		out = append(out, dropped{name: e.Name(), when: info.ModTime(), size: info.Size()})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the folder holds no file that matches %s", pattern)
	}
	slices.SortFunc(out, func(a, b dropped) int { return cmp.Or(a.when.Compare(b.when), cmp.Compare(a.name, b.name)) })
	return out, nil
}

// newest gives the path of the file that was changed last.
func newest(dir, pattern string) (string, error) {
	found, err := listed(dir, pattern)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, found[len(found)-1].name), nil
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

// why names the kind of a file error in our own words: those of the system hold
// the file's name.
func why(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "this service may not read it"
	}
	return "it cannot be read"
}
