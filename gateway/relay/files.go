package relay

import (
	"errors"
	"net"
	"os"
)

// Files are the paths of what `bellman agent new` made for a PC.
type Files struct{ Cert, Key, CA string }

// maxFile bounds each of them.
const maxFile = 64 << 10

// AgentFromFiles makes an agent of its files. The error says what to do; it holds
// no path and nothing of what is in the files.
func AgentFromFiles(files Files, o AgentOptions) (*Agent, error) {
	if len(o.Gateways) == 0 {
		return nil, errors.New("--gateway is missing: give host:port of the gateway's listen.agents")
	}
	for _, address := range o.Gateways {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return nil, errors.New("--gateway must be host:port, such as reminders.example.org:8445")
		}
	}
	host, _, err := net.SplitHostPort(o.Local)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("--local must be a port of this PC, such as 127.0.0.1:40700")
	}
	var content [3][]byte
	for i, f := range []struct{ flag, path string }{{"--cert", files.Cert}, {"--key", files.Key}, {"--ca", files.CA}} {
		info, err := os.Stat(f.path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
			return nil, errors.New(f.flag + ": the file is not there: give the path of what bellman agent new made")
		}
		if content[i], err = os.ReadFile(f.path); err != nil {
			return nil, errors.New(f.flag + ": the file cannot be read by this user")
		}
	}
	if o.Cert, o.CA, err = ReadBundle(content[0], content[1], content[2]); err != nil {
		return nil, err
	}
	return NewAgent(o), nil
}
