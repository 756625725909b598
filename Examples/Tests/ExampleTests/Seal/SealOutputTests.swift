import Foundation
import Testing

/// Where the output goes, and what is left of it.
@Suite struct SealOutputTests {
  @Test func sizesThroughFilesAndPipes() throws {
    let sealer = try Sealer()
    var random = Seeded(22)
    for size in [0, 1, 65_536, 24 << 20] {
      try sealer.scratch.write(random.bytes(size), to: "plain")
      let run = try sealer.shell(
        #"""
        set -e
        "$seal" -r "$recipient" -o 1.age plain
        "$seal" -d -i key -o 1 1.age
        cat plain | "$seal" -r "$recipient" | cat >2.age
        cat 2.age | "$seal" -d -i key | cat >2
        "$seal" -r "$recipient" -a <plain >3.age
        "$seal" -d -i key <3.age >3
        for copy in 1 2 3; do cmp plain $copy; done
        """#)
      #expect(run.status == 0 && run.errors == "" && run.output.isEmpty, "\(size): \(run.errors)")
    }
  }

  @Test func kindsOfOutput() throws {
    let sealer = try Sealer()
    let scratch = sealer.scratch
    try scratch.write("text", to: "plain")
    try sealer.expect("-r", sealer.recipient, "-o", "sealed", "plain")
    let run = try sealer.shell(
      #"""
      set -e
      ln -s target link && echo old >target
      "$seal" -d -i key -o link sealed
      [ -L link ] && [ "$(cat target)" = text ]
      mkfifo fifo
      "$seal" -d -i key -o fifo sealed & [ "$(cat fifo)" = text ]
      rm fifo
      "$seal" -d -i key -o /dev/null sealed && [ -c /dev/null ]
      echo before >both
      "$seal" -d -i key -o /dev/stdout sealed >>both
      [ "$(cat both)" = "$(printf 'before\ntext')" ]
      cp sealed same && "$seal" -d -i key -o same same && [ "$(cat same)" = text ]
      "$seal" -r "$recipient" -o ./same same && "$seal" -d -i key ./same
      """#)
    #expect(run.status == 0 && run.text == "text" && run.errors == "", "\(run.errors)")
    let attributes = try FileManager.default.attributesOfItem(atPath: scratch["target"])
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    try FileManager.default.createSymbolicLink(
      atPath: scratch["lost"], withDestinationPath: "nowhere")
    try sealer.refuse("-d", "-i", "key", "-o", "lost", "sealed", says: "lost is a link to nowhere")
    #if os(Linux)
      try sealer.refuse("-d", "-i", "key", "-o", "/dev/full", "sealed", says: "No space left")
      #expect(try sealer.shell(#""$seal" -d -i key sealed >/dev/full"#).status == 1)
      #expect(try sealer.shell(#""$seal" inspect sealed >/dev/full"#).status == 1)
    #endif
  }

  /// `seal -d … | head` ends without a word.
  @Test func readersThatGo() throws {
    let sealer = try Sealer()
    var random = Seeded(23)
    try sealer.scratch.write(random.bytes(4 << 20), to: "plain")
    try sealer.expect("-r", sealer.recipient, "-o", "sealed", "plain")
    for command in [
      "-d -i key sealed", #"-r "$recipient" plain"#, #"-a -r "$recipient" plain"#,
      #"rewrap -i key -r "$recipient" sealed"#,
    ] {
      let run = try sealer.shell(
        #"{ "$seal" \#(command); echo "status $?" >&2; } | head -c 10 | wc -c"#)
      #expect(run.errors == "status 1\n", "\(command)")
      #expect(run.text.contains("10"), "\(command)")
    }
  }

  /// While it waits for input, with a part of the output written.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func interruption(_ signal: Int32) throws {
    let sealer = try Sealer()
    try sealer.scratch.write("as it was", to: "out")
    #expect(mkfifo(sealer.scratch["fifo"], 0o600) == 0)
    // Open for reading too, it neither waits for somebody nor ends.
    let fifo = open(sealer.scratch["fifo"], O_RDWR | O_CLOEXEC)
    defer { close(fifo) }
    let before = try sealer.scratch.files(below: ".")
    let running = try sealer.program.start(["-r", sealer.recipient, "-o", "out", "fifo"])
    let limit = ContinuousClock.now + .seconds(600)
    while try sealer.scratch.files(below: ".") == before, running.isRunning,
      ContinuousClock.now < limit
    {
      usleep(1000)
    }
    running.send(signal)
    #expect(running.wait().status == -signal)
    #expect(try sealer.scratch.files(below: ".") == before)
    #expect(try sealer.scratch.read("out") == "as it was")
  }
}
