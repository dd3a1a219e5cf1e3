package extract

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// mostFiles bounds what is looked at in one folder.
const mostFiles = 200_000

// File is a plain file of a folder.
type File struct {
	Path    string
	Name    string
	Size    int64
	Changed time.Time
}

// List gives the plain files of a folder that are wanted by name, in the order of
// their names. Links, folders, hidden files and files that vanish meanwhile are
// passed over.
func List(dir string, wanted func(name string) bool) ([]File, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("list the folder of extracts: %s", Why(err))
	case len(entries) > mostFiles:
		return nil, fmt.Errorf("the folder of extracts holds more than %d files: move old ones away", mostFiles)
	}
	var out []File
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !e.Type().IsRegular() || !wanted(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue
		}
		out = append(out, File{Path: filepath.Join(dir, e.Name()), Name: e.Name(), Size: info.Size(), Changed: info.ModTime()})
	}
	return out, nil
}

// Handle is one file, open for reading, that notices when it is changed or
// replaced meanwhile.
type Handle struct {
	*os.File
	path   string
	before fs.FileInfo
}

// OpenFile opens a plain file.
func OpenFile(path string) (*Handle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault(Why(err))
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, fault("it is not a plain file")
	}
	return &Handle{File: f, path: path, before: info}, nil
}

// Unchanged fails when the file was written to since it was opened, or when
// another one took its place.
func (h *Handle) Unchanged() error {
	after, err := h.Stat()
	if err != nil {
		return fault(Why(err))
	}
	if after.Size() != h.before.Size() || !after.ModTime().Equal(h.before.ModTime()) {
		return fault("it was written to while it was read")
	}
	named, err := os.Stat(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // moved away after it was read: what was read is the same
	}
	if err != nil || !os.SameFile(named, after) {
		return fault("it was replaced while it was read")
	}
	return nil
}
