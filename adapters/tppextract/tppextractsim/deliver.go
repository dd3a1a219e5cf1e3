package tppextractsim

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// settled is how long before now the files were written, by their own times.
const settled = 5 * time.Second

const page = "<!DOCTYPE html><html><title>Log in</title></html>"

// file is one file of a delivery.
type file struct {
	name    string
	content []byte
}

// deliver writes one extract into its directory, the manifest last.
func (s *Sim) deliver(dir string, tables []table, from, to time.Time) error {
	var listed []table
	var files []file
	for _, t := range tables {
		if t.name == s.faults.NotListed {
			continue
		}
		if s.faults.FalseBulk {
			t.delta = false
		}
		listed = append(listed, t)
		if s.faults.NoAppointments && t.name == "SRAppointment" {
			continue
		}
		files = append(files, file{t.name + ".csv", s.csv(t)})
	}
	files, err := s.packed(files)
	if err != nil {
		return err
	}
	if last := &files[len(files)-1]; s.faults.Truncate {
		last.content = last.content[:len(last.content)*2/3]
	}
	if !s.faults.NoManifest {
		files = append(files, file{"SRManifest.csv", s.csv(manifest(listed, from, to))})
	}
	for _, f := range files {
		if err := s.drop(filepath.Join(dir, f.name), f.content); err != nil {
			return err
		}
	}
	return nil
}

// packed puts the files into the form in which they travel.
func (s *Sim) packed(files []file) ([]file, error) {
	if s.options.Form == Plain {
		if s.faults.Page {
			for i := range files {
				files[i].content = []byte(page)
			}
		}
		return files, nil
	}
	if s.faults.Page {
		return []file{{"SRExtract.zip", []byte(page)}}, nil
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err != nil {
			return nil, fmt.Errorf("pack: %w", err)
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, fmt.Errorf("pack: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if s.options.Form == Split {
		return volumes(b.Bytes(), s.options.VolumeSize)
	}
	return []file{{"SRExtract.zip", b.Bytes()}}, nil
}

func (s *Sim) drop(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("drop: %w", err)
	}
	at := s.options.Clock.Now().Add(-settled)
	if err := os.Chtimes(path, at, at); err != nil {
		return fmt.Errorf("drop: %w", err)
	}
	return nil
}

// manifest lists the tables of one extract. From stands on deltas only, and two
// tables never have dates.
func manifest(tables []table, from, to time.Time) table {
	m := newTable("SRManifest", "FileName IsDelta IsReference DateExtractFrom DateExtractTo")
	for _, t := range tables {
		cells := map[string]string{"FileName": t.name, "IsDelta": letter(t.delta), "IsReference": letter(t.reference), "DateExtractTo": stamp(to)}
		if t.delta {
			cells["DateExtractFrom"] = stamp(from)
		}
		if t.name == "SRAppointmentAttendees" {
			cells["DateExtractFrom"], cells["DateExtractTo"] = "", ""
		}
		m.add("", cells)
	}
	return m
}

func letter(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

// csv writes a table as TPP does: Windows-1252, every cell quoted, quotes doubled.
func (s *Sim) csv(t table) []byte {
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	line(t.columns)
	for _, r := range t.rows {
		line(r.cells)
	}
	text := b.String()
	if s.faults.NoFinalNewline {
		text = strings.TrimSuffix(text, "\r\n")
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			c = '?'
		}
		out = append(out, c)
	}
	return out
}
