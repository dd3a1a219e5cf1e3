package tppextract

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"sort"
)

// TPP sends one zip in several volumes (a split archive: .z01, .z02, ... and .zip
// last), which Go's own reader does not know. What is read here is the part of the
// format that extracts need (PKWARE APPNOTE 6.3.10, sections 4.3 and 8.5), for one
// volume and for many, with every count and size bounded.

// The bounds of an archive.
const (
	mostVolumes   = 1000
	mostEntries   = 20_000
	mostDirectory = 16 << 20 // bytes
	largestEntry  = 512 << 30
	// mostRatio is how many times larger than packed a large file may be. CSV that is
	// mostly blank comes to some dozens.
	mostRatio   = 250
	smallEnough = 64 << 20 // bytes for which no ratio is asked
)

// Signatures and sizes within the format.
const (
	localMark, localSize       = "PK\x03\x04", 30
	entryMark, entrySize       = "PK\x01\x02", 46
	endMark, endSize           = "PK\x05\x06", 22
	locatorMark, locatorSize   = "PK\x06\x07", 20
	end64Mark, end64Size       = "PK\x06\x06", 56
	longestComment             = 1<<16 - 1
	extra64                    = 1
	flagEncrypted              = 1
	methodStored, methodPacked = 0, 8
	none16, none32             = 1<<16 - 1, 1<<32 - 1
)

// errNotWhole says that an archive's end is not there, as while it is copied.
var errNotWhole = errors.New("the zip is not whole yet, or is not a zip")

// volume is one file of an archive.
type volume struct {
	in   io.ReaderAt
	size int64
}

// archive is a zip whose volumes lie behind each other.
type archive struct {
	volumes []volume
	starts  []int64 // where each volume begins
	size    int64
	entries []entry
}

// entry is one file in an archive.
type entry struct {
	name          string
	method, flags uint16
	crc           uint32
	packed, size  int64
	at            int64 // of its local header, from the start of the first volume
}

// openArchive reads the directory of an archive.
func openArchive(volumes []volume) (*archive, error) {
	if len(volumes) == 0 || len(volumes) > mostVolumes {
		return nil, errors.New("the zip has no volumes, or more than any has")
	}
	a := &archive{volumes: volumes}
	for _, v := range volumes {
		a.starts = append(a.starts, a.size)
		a.size += v.size
	}
	end, err := a.end()
	if err != nil {
		return nil, err
	}
	if end.disks != len(volumes) {
		return nil, fmt.Errorf("the zip has %d volumes, and %d are there", end.disks, len(volumes))
	}
	at, ok := a.place(end.directoryDisk, end.directoryAt)
	if !ok || end.directory > mostDirectory || end.entries > mostEntries || at+end.directory > a.size {
		return nil, errors.New("the zip's directory is not where it should be, or larger than any")
	}
	b := make([]byte, end.directory)
	if _, err := a.ReadAt(b, at); err != nil {
		return nil, errors.New("the zip's directory cannot be read")
	}
	return a, a.directory(b, int(end.entries))
}

// ReadAt reads across volumes.
func (a *archive) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		if off < 0 || off >= a.size {
			return n, io.EOF
		}
		i := sort.Search(len(a.starts), func(i int) bool { return a.starts[i] > off }) - 1
		v, within := a.volumes[i], off-a.starts[i]
		want := min(int64(len(p)-n), v.size-within)
		if want == 0 { // an empty volume, and the search stopped at the last of its place
			return n, io.EOF
		}
		got, err := v.in.ReadAt(p[n:n+int(want)], within)
		n, off = n+got, off+int64(got)
		if int64(got) < want {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	return n, nil
}

// place turns a volume's number and an offset there into a place in the whole.
func (a *archive) place(disk uint32, offset uint64) (int64, bool) {
	if int64(disk) >= int64(len(a.volumes)) || offset > uint64(a.size) {
		return 0, false
	}
	at := a.starts[disk] + int64(offset)
	return at, at <= a.size
}

// ending is what the end of an archive says.
type ending struct {
	disks         int
	directoryDisk uint32
	entries       uint64
	directory     int64 // size
	directoryAt   uint64
}

func (a *archive) end() (ending, error) {
	tail := make([]byte, min(a.size, endSize+longestComment))
	if _, err := a.ReadAt(tail, a.size-int64(len(tail))); err != nil {
		return ending{}, errNotWhole
	}
	le := binary.LittleEndian
	for i := len(tail) - endSize; i >= 0; i-- {
		b := tail[i:]
		if string(b[:4]) != endMark || int(le.Uint16(b[20:]))+endSize > len(b) {
			continue
		}
		e := ending{
			disks: int(le.Uint16(b[4:])) + 1, directoryDisk: uint32(le.Uint16(b[6:])), entries: uint64(le.Uint16(b[10:])),
			directory: int64(le.Uint32(b[12:])), directoryAt: uint64(le.Uint32(b[16:])),
		}
		if e.disks == none16+1 || e.directoryDisk == none16 || e.entries == none16 || e.directory == none32 || e.directoryAt == none32 {
			return a.end64(e, a.size-int64(len(tail)-i))
		}
		return e, nil
	}
	return ending{}, errNotWhole
}

// end64 reads the larger form of the end, of archives over 4 GB, if there is one
// before the plain end at a place. Otherwise the plain one is meant as it stands.
func (a *archive) end64(plain ending, at int64) (ending, error) {
	le := binary.LittleEndian
	b := make([]byte, end64Size)
	if _, err := a.ReadAt(b[:locatorSize], at-locatorSize); err != nil || string(b[:4]) != locatorMark {
		return plain, nil
	}
	from, ok := a.place(le.Uint32(b[4:]), le.Uint64(b[8:]))
	if !ok {
		return ending{}, errNotWhole
	}
	if _, err := a.ReadAt(b, from); err != nil || string(b[:4]) != end64Mark {
		return ending{}, errNotWhole
	}
	e := ending{
		disks: int(le.Uint32(b[16:])) + 1, directoryDisk: le.Uint32(b[20:]), entries: le.Uint64(b[32:]),
		directory: int64(le.Uint64(b[40:])), directoryAt: le.Uint64(b[48:]),
	}
	if e.directory < 0 {
		return ending{}, errNotWhole
	}
	return e, nil
}

// directory reads the entries.
func (a *archive) directory(b []byte, count int) error {
	le := binary.LittleEndian
	bad := errors.New("the zip's directory is damaged")
	for range count {
		if len(b) < entrySize || string(b[:4]) != entryMark {
			return bad
		}
		name, extra, comment := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
		if len(b) < entrySize+name+extra+comment {
			return bad
		}
		e := entry{
			name: string(b[entrySize : entrySize+name]), flags: le.Uint16(b[8:]), method: le.Uint16(b[10:]), crc: le.Uint32(b[16:]),
		}
		big := bigSizes{size: uint64(le.Uint32(b[24:])), packed: uint64(le.Uint32(b[20:])), at: uint64(le.Uint32(b[42:])), disk: uint32(le.Uint16(b[34:]))}
		if !big.widen(b[entrySize+name : entrySize+name+extra]) {
			return bad
		}
		at, ok := a.place(big.disk, big.at)
		if !ok || big.size > largestEntry || big.packed > uint64(a.size) {
			return bad
		}
		e.at, e.size, e.packed = at, int64(big.size), int64(big.packed)
		a.entries = append(a.entries, e)
		b = b[entrySize+name+extra+comment:]
	}
	return nil
}

// bigSizes are the figures of an entry that may stand in its extra field.
type bigSizes struct {
	size, packed, at uint64
	disk             uint32
}

// widen takes from the extra field what did not fit into the entry itself.
func (s *bigSizes) widen(extra []byte) bool {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return true // padding, which other readers pass over too
		}
		b := extra[4 : 4+n]
		extra = extra[4+n:]
		if id != extra64 {
			continue
		}
		for _, v := range []*uint64{&s.size, &s.packed, &s.at} {
			if *v != none32 {
				continue
			}
			if len(b) < 8 {
				return false
			}
			*v, b = le.Uint64(b), b[8:]
		}
		if s.disk == none16 {
			if len(b) < 4 {
				return false
			}
			s.disk = le.Uint32(b)
		}
		return true
	}
	return true
}

// open gives what an entry holds. Its length and checksum are compared when its
// end is reached: an error there means that nothing before it can be believed.
func (a *archive) open(e entry) (io.Reader, error) {
	switch {
	case e.flags&flagEncrypted != 0:
		return nil, errors.New("it is locked with a password: have it delivered without, or unpack it into the directory")
	case e.size > smallEnough && e.size/mostRatio > e.packed:
		return nil, errors.New("it would unpack to far more than any extract holds")
	}
	b := make([]byte, localSize)
	if _, err := a.ReadAt(b, e.at); err != nil || string(b[:4]) != localMark {
		return nil, errors.New("it is not where the zip's directory says")
	}
	at := e.at + localSize + int64(binary.LittleEndian.Uint16(b[26:])) + int64(binary.LittleEndian.Uint16(b[28:]))
	packed := io.NewSectionReader(a, at, e.packed)
	c := &checked{left: e.size, want: e.crc, sum: crc32.NewIEEE()}
	switch e.method {
	case methodStored:
		c.in = packed
	case methodPacked:
		c.in = flate.NewReader(packed)
	default:
		return nil, errors.New("it is packed in a way that is not known here: have it delivered as an ordinary zip")
	}
	return c, nil
}

// checked ends with an error unless exactly what was announced has come.
type checked struct {
	in   io.Reader
	left int64
	want uint32
	sum  hash.Hash32
}

var errDamaged = errors.New("the zip is damaged: have the extract delivered again")

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	_, _ = c.sum.Write(p[:n]) // never fails
	c.left -= int64(n)
	switch {
	case c.left < 0:
		return 0, errDamaged
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && c.left == 0 && c.sum.Sum32() == c.want:
		return n, io.EOF
	}
	return 0, errDamaged
}
