import CairnCore
import CairnFiles
import Testing

@Suite struct GlobTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var pattern: String
    var matching: [String]
    var others: [String]

    init(_ pattern: String, _ matching: [String], not others: [String]) {
      self.pattern = pattern
      self.matching = matching
      self.others = others
    }

    var testDescription: String { pattern }
  }

  func matches(_ glob: Glob, _ path: String) -> Bool {
    // A path with a slash at the end stands for a directory.
    let isDirectory = path.hasSuffix("/")
    let path = isDirectory ? String(path.dropLast()) : path
    return key(path).asSpan { glob.matches($0, kind: isDirectory ? .directory : .regular) }
  }

  @Test(arguments: [
    Case("*.o", ["a.o", "x/y/a.o", ".o", "x/.o"], not: ["a.oo", "a.o/x", "o"]),
    Case("a", ["a", "x/a", "a/"], not: ["ab", "a/b", "A"]),
    Case("node_modules/", ["node_modules/", "x/node_modules/"], not: ["node_modules", "x/y/"]),
    Case("/a", ["a"], not: ["x/a", "ab"]),
    Case("/a/", ["a/"], not: ["a", "x/a/"]),
    Case("a/b", ["a/b"], not: ["x/a/b", "a/b/c", "a", "b", "a/bb"]),
    Case("/a/b", ["a/b"], not: ["x/a/b"]),
    Case("a//b", ["a/b"], not: ["a", "a/x/b"]),
    Case("a/*", ["a/b", "a/.b"], not: ["a", "a/b/c"]),
    Case("*/b", ["a/b", "b/b"], not: ["b", "x/a/b"]),
    Case("**/b", ["b", "a/b", "x/a/b"], not: ["ab", "b/c", "x/ab"]),
    Case("**/a/b", ["a/b", "x/a/b", "x/y/a/b"], not: ["b", "x/b", "a/x/b"]),
    Case("a/**", ["a/b", "a/b/c"], not: ["a", "b/a", "ab"]),
    Case("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], not: ["a", "b", "ab", "a/b/c", "x/a/b"]),
    Case("**", ["a", "a/b"], not: []),
    Case("**/", ["a/", "a/b/"], not: ["a"]),
    Case("/**", ["a", "a/b"], not: []),
    Case("**/**/a", ["a", "x/a", "x/y/a"], not: ["b"]),
    Case("a**b", ["ab", "axb", "x/axxb"], not: ["a/b", "abc"]),
    Case("**a", ["a", "xa", "y/xa"], not: ["ab"]),
    Case("?", ["a", "x/b"], not: ["", "ab", "é"]),
    Case("??", ["ab", "é"], not: ["a", "abc"]),
    Case("[abc]", ["a", "b", "c"], not: ["d", "ab", "["]),
    Case("[a-c]x", ["ax", "cx"], not: ["dx", "x", "-x"]),
    Case("[!a-c]", ["d", "-", "!"], not: ["a", "b", "c", ""]),
    Case("[^a-c]", ["d", "^"], not: ["a"]),
    Case("[]a]", ["]", "a"], not: ["b", "[]a]"]),
    Case("[!]a]", ["b"], not: ["]", "a"]),
    Case("[a-]", ["a", "-"], not: ["b"]),
    Case("[-a]", ["a", "-"], not: ["b"]),
    Case("[z-a]", [], not: ["a", "z", "-", "m"]),
    Case("[a\\]b]", ["a", "]", "b"], not: ["\\", "c"]),
    Case("[\\!a]", ["!", "a"], not: ["b", "\\"]),
    Case("[a\\-c]", ["a", "-", "c"], not: ["b", "\\"]),
    Case("[abc", ["[abc"], not: ["a", "["]),
    Case("[", ["["], not: ["a"]),
    Case("[]", ["[]"], not: ["]", "a"]),
    Case("[a/b]", ["[a/b]"], not: ["a", "b"]),
    Case("\\*", ["*"], not: ["a", "\\*"]),
    Case("\\[a]", ["[a]"], not: ["a"]),
    Case("a\\", ["a\\"], not: ["a"]),
    Case("\\a", ["a"], not: ["\\a"]),
    Case("!a", ["!a"], not: ["a", "b"]),
    Case("#a", ["#a"], not: ["a"]),
    Case("a ", ["a "], not: ["a"]),
    Case("*", ["a", ".a", "x/y"], not: []),
    Case("*a*b*", ["ab", "xaxbx", "aab"], not: ["ba", "a", "b"]),
    Case("a*a", ["aa", "aba", "aaa"], not: ["a", "ab", "aab"]),
    Case("*abab", ["abab", "ababab", "aabab"], not: ["ababa", "aba"]),
    Case("home/*/.cache", ["home/al/.cache"], not: ["home/.cache", "home/a/b/.cache"]),
  ])
  func table(_ test: Case) throws {
    let glob = try Glob(test.pattern)
    for path in test.matching { #expect(matches(glob, path), "\(test.pattern) on \(path)") }
    for path in test.others { #expect(!matches(glob, path), "\(test.pattern) on \(path)") }
  }

  @Test(arguments: ["", "/", "//"])
  func refusesAPatternThatNamesNothing(pattern: String) {
    let error = #expect(throws: IOError.self) { try Glob(pattern) }
    #expect(error?.code == .malformed)
  }

  @Test func matchesBytesThatAreNoText() throws {
    let glob = try Glob(bytes: [0xFF, UInt8(ascii: "*"), 0x80])
    #expect([0xFF, 1, 2, 0x80].asSpan { glob.matches($0, kind: .regular) })
    #expect(![0xFE, 1, 2, 0x80].asSpan { glob.matches($0, kind: .regular) })
    let set = try Glob(bytes: Array("[".utf8) + [0xF0, 0x2D, 0xFF] + Array("]".utf8))
    #expect([0xF7].asSpan { set.matches($0, kind: .regular) })
    #expect(![0x77].asSpan { set.matches($0, kind: .regular) })
  }

  @Test func coversWhatIsBelowADirectory() throws {
    func covers(_ pattern: String, _ path: String) throws -> Bool {
      let glob = try Glob(pattern)
      return key(path).asSpan { glob.covers($0, kind: .regular) }
    }
    #expect(try covers("a/b", "a/b"))
    #expect(try covers("a/b", "a/b/c/d"))
    #expect(try covers("b/", "a/b/c"))
    #expect(try !covers("b/", "a/b"))
    #expect(try !covers("a/b", "a/c"))
    #expect(try !covers("c", "a/b"))
  }

  // MARK: Against a slow and obvious reference

  /// Matches by trying everything; exponential.
  static func reference(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    switch first {
    case UInt8(ascii: "*"):
      return reference(pattern.dropFirst(), name)
        || !name.isEmpty && reference(pattern, name.dropFirst())
    case UInt8(ascii: "?"):
      return !name.isEmpty && reference(pattern.dropFirst(), name.dropFirst())
    default:
      return name.first == first && reference(pattern.dropFirst(), name.dropFirst())
    }
  }

  static func reference(_ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<[UInt8]>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    if first == Array("**".utf8) {
      if pattern.count == 1 { return !path.isEmpty }
      return reference(pattern.dropFirst(), path)
        || !path.isEmpty && reference(pattern, path.dropFirst())
    }
    guard let component = path.first else { return false }
    return reference(first[...], component[...]) && reference(pattern.dropFirst(), path.dropFirst())
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func agreesWithAReference(seed: UInt64) throws {
    var random = Seeded(seed)
    var matched = 0
    for _ in 0..<20_000 {
      func component(_ alphabet: String, _ count: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: count, using: &random)).map { _ in
          alphabet.utf8.randomElement(using: &random)!
        }
      }
      let patternParts = (0..<Int.random(in: 1...5, using: &random)).map { _ in
        Bool.random(using: &random) ? component("ab*?", 1...5) : Array("**".utf8)
      }
      let path = (0..<Int.random(in: 1...5, using: &random)).map { _ in component("ab", 1...4) }
      // The slash in front makes a single component a path, too.
      let pattern = Array("/".utf8) + patternParts.joined(separator: [UInt8(ascii: "/")])
      let glob = try Glob(bytes: pattern)
      let found = Array(path.joined(separator: [0])).asSpan { glob.matches($0, kind: .regular) }
      let expected = Self.reference(patternParts[...], path[...])
      #expect(found == expected, "\(glob) on \(path)")
      if found { matched += 1 }
    }
    #expect(matched > 1000, "the patterns never match")
  }

  /// To try all the ways to place the stars would outlast the universe, and this test.
  @Test func takesNoExponentialTime() throws {
    let stars = try Glob(String(repeating: "a*", count: 60) + "b")
    let name = [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)
    #expect(!name.asSpan { stars.matches($0, kind: .regular) })
    let doubleStars = try Glob(String(repeating: "**/a/", count: 60) + "b")
    let deep = key(Array(repeating: "a", count: 20_000).joined(separator: "/"))
    #expect(!deep.asSpan { doubleStars.matches($0, kind: .regular) })
  }
}
