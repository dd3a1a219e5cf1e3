package tppextract

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/extract"
)

// manifestName is the table that lists the others.
const manifestName = "srmanifest"

// mostFiles bounds the files of one extract's directory, and mostBundles the
// directories of the folder.
const (
	mostFiles   = 10_000
	mostBundles = 5_000
)

// directoryName is how TPP names the directory of an extract: yyyyMMdd_HHmm.
var directoryName = regexp.MustCompile(`^[0-9]{8}_[0-9]{4}$`)

// volumeName splits the name of a zip's volume.
var volumeName = regexp.MustCompile(`(?i)^(.+)\.(zip|z[0-9]{2,3})$`)

// bundleNames lists the directories of extracts, oldest first.
func bundleNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the folder of extracts: %s", extract.Why(err))
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && directoryName.MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	if len(out) > mostBundles {
		return nil, fmt.Errorf("the folder holds more than %d extracts: move old ones away", mostBundles)
	}
	return out, nil
}

// bundle is one extract: its files, packed or plain.
type bundle struct {
	name    string
	files   map[string]member // by folded name without .csv
	handles []*extract.Handle
	newest  time.Time // last change of a plain table
}

// member is one file of an extract. Exactly one of path and archive is set.
type member struct {
	path    string
	archive *archive
	entry   entry
}

// openBundle opens an extract's directory. Where a table is there both packed and
// unpacked, the packed one counts, since it carries a checksum.
func openBundle(dir, name string) (*bundle, error) {
	b := &bundle{name: name, files: map[string]member{}}
	found, err := extract.List(filepath.Join(dir, name), func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	if len(found) > mostFiles {
		return nil, errors.New("it holds more files than any extract")
	}
	zips := map[string][]extract.File{}
	for _, f := range found {
		if m := volumeName.FindStringSubmatch(f.Name); m != nil {
			zips[folded(m[1])] = append(zips[folded(m[1])], f)
		} else if table, ok := tableOf(f.Name); ok {
			b.files[table] = member{path: f.Path}
			if f.Changed.After(b.newest) {
				b.newest = f.Changed
			}
		}
	}
	packed := map[string]bool{}
	for _, volumes := range zips {
		if err := b.unpack(volumes, packed); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

// unpack opens the volumes of one zip.
func (b *bundle) unpack(files []extract.File, packed map[string]bool) error {
	// .z01, .z02, ..., .z100, and .zip last.
	slices.SortFunc(files, func(x, y extract.File) int { return cmp.Compare(volumeOrder(x.Name), volumeOrder(y.Name)) })
	var volumes []volume
	for _, f := range files {
		h, err := extract.OpenFile(f.Path)
		if err != nil {
			return fmt.Errorf("a zip cannot be opened: %w", err)
		}
		b.handles = append(b.handles, h)
		volumes = append(volumes, volume{h, f.Size})
	}
	a, err := openArchive(volumes)
	if err != nil {
		return err
	}
	return b.list(a, packed)
}

// list takes the tables of an archive.
func (b *bundle) list(a *archive, packed map[string]bool) error {
	for _, e := range a.entries {
		table, ok := tableOf(e.name[strings.LastIndexAny(e.name, `/\`)+1:])
		switch {
		case !ok:
		case packed[table]:
			return errors.New("its zips hold one table twice")
		default:
			packed[table] = true
			b.files[table] = member{archive: a, entry: e}
		}
	}
	return nil
}

// volumeOrder gives the place of a volume within its zip; .zip is the last.
func volumeOrder(name string) int {
	n, err := strconv.Atoi(filepath.Ext(name)[2:])
	if err != nil {
		return mostVolumes + 1
	}
	return n
}

// tableOf gives the folded name of the table that a file holds.
func tableOf(name string) (string, bool) {
	table, ok := strings.CutSuffix(folded(name), ".csv")
	return table, ok && strings.HasPrefix(table, "sr")
}

// read hands the content of a table to do.
func (b *bundle) read(table string, do func(io.Reader) error) error {
	m, ok := b.files[folded(table)]
	if !ok {
		return errors.New("it is not there")
	}
	if m.archive != nil {
		r, err := m.archive.open(m.entry)
		if err != nil {
			return err
		}
		return do(r)
	}
	h, err := extract.OpenFile(m.path)
	if err != nil {
		return err
	}
	defer func() { _ = h.Close() }()
	if err := do(h); err != nil {
		return err
	}
	return h.Unchanged()
}

func (b *bundle) close() {
	for _, h := range b.handles {
		_ = h.Close()
	}
}
