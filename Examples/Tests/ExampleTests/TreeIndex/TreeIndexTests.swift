import Foundation
import Testing

/// What each command answers.
@Suite struct TreeIndexTests {
  @Test func answers() throws {
    let index = try Index()
    let loaded = try index.load("pear\napple\nfig\n\nplum\nfig\n")
    #expect(loaded.status == 0 && loaded.errors == "")
    #expect(loaded.text == "6 lines, 5 of them new; the index has 5\n")
    #expect(try index.ask("page", "0", "10") == "\napple\nfig\npear\nplum\n")
    #expect(try index.ask("page", "1", "2") == "apple\nfig\n")
    #expect(try index.ask("page", "4", "2") == "plum\n")
    #expect(try index.ask("page", "9", "0") == "")
    #expect(try index.ask("select", "0") == "\n")
    #expect(try index.ask("select", "3") == "pear\n")
    #expect(try index.ask("rank", "pear") == "3\n")
    #expect(try index.ask("rank", "") == "0\n")
    #expect(try index.ask("count", "apple", "pear") == "2\n")
    #expect(try index.ask("count", "a", "z") == "4\n")
    #expect(try index.ask("count", "z", "a") == "0\n")
    #expect(try index.ask("sum", "apple", "plum") == "3\n")
    #expect(try index.ask("at-weight", "2") == "fig\n")
    let absent = try index.run("rank", "grape")
    #expect(absent.status == 1 && absent.text == "3\n")
    #expect(absent.errors == "tree-index: there is no line grape\n")
    let removed = try index.run("remove", "fig", "nut", "pear")
    #expect(removed.status == 1 && removed.text == "2 lines removed\n")
    #expect(removed.errors == "tree-index: there is no line nut\n")
    #expect(try index.ask("page", "0", "10", "--weighted") == "1\t\n1\tapple\n1\tplum\n")
    #expect(try index.ask("verify").hasSuffix("no problem was found\n"))
    #expect(try index.ask("stats").contains("lines     3\n"))
  }

  @Test func documents() throws {
    let index = try Index()
    let loaded = try index.load("5\tb\n7\ta\n", "--weighted", "--json")
    #expect(loaded.text == #"{"added":2,"entries":2,"lines":2,"refused":0}"# + "\n")
    try index.load([0x31, 9, 0xFF, 10], "--weighted")
    let page = try index.ask("page", "0", "9", "--json")
    #expect(
      page == """
        {"line":"a","rank":0,"weight":7}
        {"line":"b","rank":1,"weight":5}
        {"bytes":"/w==","line":"\u{FFFD}","rank":2,"weight":1}

        """)
    #expect(try index.ask("select", "1", "--json") == #"{"line":"b","rank":1,"weight":5}"# + "\n")
    #expect(try index.ask("at-weight", "7", "--json").contains(#""line":"b""#))
    #expect(try index.ask("rank", "b", "--json") == #"{"rank":1}"# + "\n")
    #expect(try index.ask("count", "a", "b", "--json") == #"{"count":1}"# + "\n")
    #expect(try index.ask("sum", "a", "b", "--json") == #"{"sum":7}"# + "\n")
    let stats = try index.run("stats", "--json").json()
    #expect(stats["weight"] as? Int == 13 && stats["fileBytes"] as? Int ?? 0 > 0)
    let tree = try #require(stats["tree"] as? [String: Any])
    #expect(tree["entries"] as? Int == 3 && tree["depth"] as? Int == 1)
    #expect(try index.run("verify", "--json").json()["sound"] as? Bool == true)
    #expect(try index.ask("remove", "b", "--json") == #"{"missing":0,"removed":1}"# + "\n")
    let compact = try index.run("compact", "copy", "--json").json()
    #expect(compact["bytes"] as? Int ?? 0 > 0 && compact["bytesBefore"] as? Int ?? 0 > 0)
  }

  /// All bytes but the line feed belong to a line.
  @Test func linesAreBytes() throws {
    let index = try Index()
    let lines: [[UInt8]] = [
      [], [0], [0, 0], [13], Array("a\r".utf8), Array("a".utf8), [0xFF, 0xFE], [9],
      [UInt8](repeating: 0x78, count: 1024),
    ]
    // The last one has no line feed.
    try #require(try index.load(Array(lines.joined(separator: [10]))).status == 0)
    let sorted = lines.sorted { $0.lexicographicallyPrecedes($1) }
    let page = try index.run("page", "0", "99")
    #expect(Array(page.output) == sorted.flatMap { $0 + [10] })
    for (rank, line) in sorted.enumerated() {
      #expect(Array(try index.run("select", "\(rank)").output) == line + [10])
    }
    // An argument cannot hold NUL, but all the rest.
    #expect(
      try index.shell(
        "'\(Program.treeIndex)' rank index \"$(printf '\\377\\376')\"")
        == Data("\(sorted.count - 1)\n".utf8))
    #expect(try index.ask("rank", "a\r") == "6\n")
    let nothing = try index.load([])
    #expect(nothing.status == 0 && nothing.text == "0 lines, 0 of them new; the index has 9\n")
  }

  @Test func linesThatAreTooLongAreNamedAndTheOthersLoaded() throws {
    let index = try Index()
    let long = String(repeating: "y", count: 1025)
    let longer = String(repeating: "z", count: 3_000_000)
    let run = try index.load("a\n\(long)\nb\n\(longer)\nc\n\(longer)")
    #expect(run.status == 1)
    #expect(run.text == "6 lines, 3 of them new, 3 refused; the index has 3\n")
    #expect(run.errors.split(separator: "\n").count == 3)
    #expect(run.errors.contains("line 2 was not loaded: it has more than 1024 bytes: yyyyy"))
    #expect(try index.ask("page", "0", "9") == "a\nb\nc\n")
    let many = try index.load(String(repeating: "\(long)\n", count: 150))
    #expect(many.status == 1 && many.errors.split(separator: "\n").count == 101)
    #expect(many.text.contains("150 refused"))
    try index.expect(2, "longer than 1024", "rank", long)
    try index.expect(2, "longer than 1024", "remove", "a", long)
    #expect(try index.ask("select", "0") == "a\n")
  }

  @Test func weights() throws {
    let index = try Index()
    let large = UInt64.max - 100
    var run = try index.load("10\tb\n0\ta\n\(large)\tc\n3\tx\ty\n", "--weighted")
    #expect(run.status == 0)
    #expect(try index.ask("page", "0", "9", "--weighted") == "0\ta\n10\tb\n\(large)\tc\n3\tx\ty\n")
    #expect(try index.ask("at-weight", "0") == "b\n")
    #expect(try index.ask("at-weight", "9") == "b\n")
    #expect(try index.ask("at-weight", "10") == "c\n")
    #expect(try index.ask("sum", "a", "c") == "10\n")
    // The last weight counts; without --weighted it stays, and a new line has 1.
    run = try index.load("4\tb\n6\tb\n", "--weighted")
    #expect(run.text == "2 lines, 0 of them new; the index has 4\n")
    _ = try index.load("b\nbb\n")
    #expect(try index.ask("page", "1", "2", "--weighted") == "6\tb\n1\tbb\n")
    run = try index.load(
      "b\n-1\tb\n\tb\n 1\tb\n18446744073709551616\tb\n1\tnew\n99\tnewer\n1x\tb\n", "--weighted")
    #expect(run.status == 1 && run.text.contains("1 of them new, 7 refused"))
    for line in [1, 2, 3, 4, 5, 8] {
      #expect(run.errors.contains("line \(line) was not loaded: it does not begin with a weight"))
    }
    #expect(run.errors.contains("line 7 was not loaded: the sum of the weights would be larger"))
    #expect(try index.ask("sum", "", "zz") == "\(large + 6 + 1 + 3 + 1)\n")
    try index.expect(1, "there is no line at weight", "at-weight", "\(UInt64.max)")
    // What `page` puts out, `load` takes.
    _ = try index.shell("'\(Program.treeIndex)' page index 0 99 --weighted > all")
    var other = index.program
    other.input = index.scratch["all"]
    #expect(try other.run(["load", "other", "--weighted"]).status == 0)
    #expect(
      try other.run(["page", "other", "0", "99", "--weighted"]).text
        == index.scratch.read("all"))
  }

  @Test func refusals() throws {
    let index = try Index()
    // There is none yet, and asking creates none.
    for command in [
      ["rank", "a"], ["select", "0"], ["page", "0", "1"], ["verify"], ["stats"], ["remove", "a"],
      ["compact", "to"],
    ] {
      let run = try index.program.run([command[0], "index"] + command.dropFirst())
      #expect(run.status == 2 && run.errors.contains("No such file"), "\(command)")
      #expect(run.output.isEmpty && !index.scratch.exists("index"))
    }
    let missing = try index.program.run(["load", "index", "nowhere"])
    #expect(missing.status == 2 && missing.errors.contains("cannot open nowhere"))
    #expect(!index.scratch.exists("index"))
    _ = try index.load("a\nb\n")
    try index.expect(1, "there is no line of rank 2; the index has 2", "select", "2")
    try index.expect(1, "there is no line of rank 2", "page", "2", "1")
    try index.expect(1, "there is no line of rank", "select", "\(Int.max)")
    #expect(try index.ask("page", "1", "\(Int.max)") == "b\n")
    for arguments in [
      ["select", "index", "x"], ["select", "index", "99999999999999999999"],
      ["select", "index", "1.5"], ["page", "index", "0", "-1"], ["page", "index", "0"],
      ["at-weight", "index", "-5"], ["remove", "index"], ["count", "index", "a"], ["rank"],
      ["dance"], [],
    ] {
      let run = try index.program.run(arguments)
      // Without a command there is help.
      #expect(run.status == (arguments.isEmpty ? 0 : 2), "\(arguments): \(run.errors)")
      #expect(run.output.isEmpty != arguments.isEmpty, "\(arguments)")
    }
    #expect(try index.program.run(["--help"]).text.contains("The exit status is 0"))
    // A copy does not replace anything.
    try index.scratch.write("precious", to: "to")
    try index.expect(2, "to exists", "compact", "to")
    try index.expect(2, "index exists", "compact", "index")
    #expect(try index.scratch.read("to") == "precious")
    try index.expect(2, "cannot", "compact", "no/such/folder")
  }

  @Test func filesThatAreNoIndex() throws {
    let index = try Index()
    for content in ["", "hello", String(repeating: "x", count: 100_000)] {
      try index.scratch.write(content, to: "index")
      for command in [["rank", "a"], ["verify"], ["stats"], ["remove", "a"]] {
        let run = try index.program.run([command[0], "index"] + command.dropFirst())
        #expect(run.status == 2, "\(command)")
        #expect(run.errors.contains("there are no trees in this file"), "\(run.errors)")
      }
      if !content.isEmpty {
        try index.expect(2, "there are no trees in this file", "load", "/dev/null")
        #expect(try index.scratch.read("index") == content)
      }
    }
    try index.scratch.remove("index")
    try index.scratch.makeDirectory("index")
    try index.expect(2, "cannot", "load", "/dev/null")
    try index.expect(2, "cannot", "stats")
  }

  @Test func damage() throws {
    let index = try Index()
    _ = try index.load((0..<5000).map { "line \($0)\n" }.joined())
    #expect(try index.ask("verify").hasPrefix("5,000 lines, "))
    let whole = Array(try Data(contentsOf: URL(filePath: index.scratch["index"])))
    var random = Seeded(12)
    var found = 0
    for _ in 0..<12 {
      var damaged = whole
      damaged[Int.random(in: 2 * 8192..<whole.count, using: &random)] ^= 1 << 3
      try index.scratch.write(damaged, to: "index")
      let run = try index.run("verify")
      // Free pages hold nothing.
      if run.status == 0 { continue }
      found += 1
      #expect(run.status == 2 && run.errors.contains("damaged"), "\(run.errors)")
      #expect(run.text.contains("problem"))
      let page = try index.run("page", "0", "5000")
      #expect(page.status == 0 || (page.status == 2 && page.errors.contains("damaged")))
    }
    #expect(found > 5)
    try index.scratch.write(Array(whole[..<(whole.count / 2)]), to: "index")
    try index.expect(2, "it was cut off", "select", "0")
  }

  /// `tree-index page … | head` ends without a word.
  @Test func readersThatGo() throws {
    let index = try Index()
    _ = try index.load((0..<40_000).map { "line \($0)\n" }.joined())
    for options in ["", "--weighted", "--json"] {
      let output = try index.shell(
        """
        { '\(Program.treeIndex)' page index 0 40000 \(options); echo "status $?" >&2; } 2>status \
        | head -c 10
        """)
      #expect(output.count == 10)
      #expect(try index.scratch.read("status") == "status 0\n")
    }
    #if os(Linux)
      let full = try index.shell(
        "'\(Program.treeIndex)' select index 0 2>&1 >/dev/full; echo \"status $?\"")
      #expect(String(decoding: full, as: UTF8.self).contains("No space left"))
      #expect(String(decoding: full, as: UTF8.self).hasSuffix("status 2\n"))
    #endif
  }

  @Test func aLoadThatIsKilledLeavesTheIndexAsItWas() throws {
    let index = try Index()
    _ = try index.load("first\nsecond\n")
    let lines = (0..<400_000).map { "\($0 &* 0x9E37_79B9 % 1_000_003) line\n" }.joined()
    try index.scratch.write(lines, to: "large")
    for _ in 0..<3 {
      let running = try index.program.start(["load", "index", "large"])
      usleep(150_000)
      running.send(SIGKILL)
      let run = running.wait()
      guard run.status == -SIGKILL else { break }
      #expect(try index.ask("page", "0", "9") == "first\nsecond\n")
      #expect(try index.ask("verify").contains("no problem"))
    }
    #expect(try index.ask("rank", "first").isEmpty == false)
  }

  @Test func compacting() throws {
    let index = try Index()
    var random = Seeded(13)
    var lines = (0..<20_000).map { "\($0) \(random.next())\n" }
    lines.shuffle(using: &random)
    // In parts, each of which is spread over all pages.
    for start in stride(from: 0, to: lines.count, by: 4000) {
      _ = try index.load(lines[start..<start + 4000].joined())
    }
    let content = try index.ask("page", "0", "100000", "--weighted")
    let size = { (file: String) in
      try FileManager.default.attributesOfItem(atPath: index.scratch[file])[.size] as? Int ?? 0
    }
    try index.ask("compact", "copy")
    let before = try size("index")
    try index.ask("compact")
    #expect(try size("index") < before)
    #expect(try size("index") <= size("copy") + 10 * 8192)
    #expect(try index.ask("page", "0", "100000", "--weighted") == content)
    #expect(try index.program.run(["page", "copy", "0", "100000", "--weighted"]).text == content)
    for file in ["index", "copy"] {
      #expect(try index.program.run(["verify", file]).status == 0)
    }
  }
}
