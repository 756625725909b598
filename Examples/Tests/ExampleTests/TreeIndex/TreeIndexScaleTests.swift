import Foundation
import Testing

/// Many lines: beside `sort -u`, and in how much memory.
@Suite struct TreeIndexScaleTests {
  /// The names of all files in /usr, with many that come again and again.
  private func names(_ count: Int, in index: Index) throws {
    _ = try index.shell(
      """
      find /usr -xdev 2>/dev/null | sed 's|.*/||' | head -n \(count) > names
      LC_ALL=C sort -u names > sorted
      """)
  }

  @Test func theOrderIsThatOfSort() throws {
    let index = try Index()
    try names(runsLongTests ? 1_000_000 : 60_000, in: index)
    // In three parts, one through a pipe.
    let program = "'\(Program.treeIndex)'"
    _ = try index.shell(
      """
      total=$(wc -l < names); third=$((total / 3))
      head -n $third names > part1; tail -n +$((2 * third)) names > part3
      \(program) load index part3 && \(program) load index part1 && cat names | \(program) load index
      """)
    let sorted = try Data(contentsOf: URL(filePath: index.scratch["sorted"]))
    let all = try index.run("page", "0", "\(Int32.max)")
    #expect(all.output == sorted)
    let lines = sorted.split(separator: 10, omittingEmptySubsequences: false).dropLast()
    #expect(lines.count > 10_000)
    let stats = try index.run("stats", "--json").json()
    #expect((stats["tree"] as? [String: Any])?["entries"] as? Int == lines.count)
    var random = Seeded(14)
    for _ in 0..<10 {
      let rank = Int.random(in: 0..<lines.count, using: &random)
      let line = lines[rank]
      #expect(try index.run("select", "\(rank)").output == line + [10])
      if let text = String(data: line, encoding: .utf8), text.first != "-" {
        #expect(try index.run("rank", text).text == "\(rank)\n")
      }
      let page = try index.run("page", "\(rank)", "20").output
      #expect(page == lines.dropFirst(rank).prefix(20).reduce(Data()) { $0 + $1 + [10] })
    }
    #expect(try index.ask("verify").contains("no problem"))
  }

  #if os(Linux)
    /// The most memory that a command had, in bytes: the kernel keeps the mark, so looking now and then
    /// is enough. (What it tells of a child that has ended includes its parent's, in which it began.)
    private func peak(_ index: Index, _ arguments: [String]) throws -> Int {
      let running = try index.program.start(arguments)
      let status = "/proc/\(running.identifier)/status"
      var kibibytes = 0
      while running.isRunning {
        if let text = try? String(contentsOfFile: status, encoding: .utf8),
          text.hasPrefix("Name:\ttree-index"), let match = text.firstMatch(of: /VmHWM:\s+(\d+) kB/)
        {
          kibibytes = max(kibibytes, Int(match.1) ?? 0)
        }
        usleep(1000)
      }
      let run = running.wait()
      #expect(run.status == 0, "\(run.errors)")
      try #require(kibibytes > 0)
      return kibibytes << 10
    }

    @Test func memoryIsTheSameForAnyNumberOfLines() throws {
      let index = try Index()
      let count = runsLongTests ? 1_000_000 : 150_000
      _ = try index.shell(
        """
        seq 1 \(count) | awk '{ printf "%09d a line of some length, number %d\\n", \
        ($1 * 7919) % 1000003, $1 }' > lines
        """)
      let load = try peak(index, ["load", "index", "lines"])
      let again = try peak(index, ["load", "index", "lines"])
      let verify = try peak(index, ["verify", "index"])
      let stats = try peak(index, ["stats", "index"])
      let compact = try peak(index, ["compact", "index"])
      let copy = try peak(index, ["compact", "index", "copy"])
      let peaks = [load, again, verify, stats, compact, copy]
      for peak in peaks { #expect(peak < 80 << 20, "\(peaks)") }
      #expect(try index.ask("count", "", "z") == "\(count)\n")
    }
  #endif
}
