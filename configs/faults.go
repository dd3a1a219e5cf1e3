package configs

import (
	"slices"
	"strings"

	"bellman/gateway"
)

// Faults is every mistake of a configuration. It prints one line a fault.
type Faults []gateway.Fault

// Error gives the faults, one a line, "path: what to do".
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// report collects what is found. One mistake is told once: what could not be
// read is not checked again, nor is anything below it.
type report struct {
	faults   Faults
	warnings []gateway.Fault
	unread   map[string]bool // paths whose value is not known because of a fault
}

// unreadable records a fault in reading a value; checks of it are then silent.
func (r *report) unreadable(path, problem string) {
	r.faults = append(r.faults, gateway.Fault{Path: shown(path), Problem: problem})
	r.silence(path)
}

// extra records a fault in the file's shape that leaves no value unknown.
func (r *report) extra(path, problem string) {
	r.faults = append(r.faults, gateway.Fault{Path: shown(path), Problem: problem})
}

// silence keeps later checks of a path, and of what is below it, quiet.
func (r *report) silence(path string) {
	if r.unread == nil {
		r.unread = map[string]bool{}
	}
	r.unread[path] = true
}

// fault records what a check found, unless the value could not be read.
func (r *report) fault(path, problem string) {
	if !r.silent(path) {
		r.faults = append(r.faults, gateway.Fault{Path: shown(path), Problem: problem})
	}
}

// warn records what is allowed and probably not meant.
func (r *report) warn(path, problem string) {
	if !r.silent(path) {
		r.warnings = append(r.warnings, gateway.Fault{Path: shown(path), Problem: problem})
	}
}

// found reports whether a fault was recorded of a path that begins so.
func (r *report) found(prefix string) bool {
	return slices.ContainsFunc(r.faults, func(f gateway.Fault) bool { return strings.HasPrefix(f.Path, prefix) })
}

func (r *report) silent(path string) bool {
	for {
		if r.unread[path] {
			return true
		}
		if path == "" {
			return false
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// shown names the whole file where there is no narrower path.
func shown(path string) string {
	if path == "" {
		return "configuration"
	}
	return path
}

// under appends a key to a path.
func under(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
