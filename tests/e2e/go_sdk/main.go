// A program of someone who uses the LiveKit SDK for Go: an echo in a room, a moderator of one, or who is told of them.
//
//	go_sdk echo URL TOKEN one|two     in the room, with so many peer connections
//	go_sdk moderate URL KEY SECRET ROOM IDENTITY
//	go_sdk hook KEY SECRET            receives webhooks
//
// What happens goes to standard output, a line of JSON each. The echo takes lines of JSON from standard input.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

var printing sync.Mutex

// tell prints what has happened.
func tell(event string, what map[string]any) {
	if what == nil {
		what = map[string]any{}
	}
	what["event"] = event
	line, err := json.Marshal(what)
	if err != nil {
		panic(err)
	}
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(string(line))
}

func main() {
	var err error
	switch arguments := os.Args[1:]; {
	case len(arguments) == 4 && arguments[0] == "echo":
		err = echo(arguments[1], arguments[2], arguments[3] == "one")
	case len(arguments) == 6 && arguments[0] == "moderate":
		err = moderate(arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
	case len(arguments) == 3 && arguments[0] == "hook":
		err = hook(arguments[1], arguments[2])
	default:
		err = fmt.Errorf("go_sdk echo URL TOKEN one|two, moderate URL KEY SECRET ROOM IDENTITY, or hook KEY SECRET")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
