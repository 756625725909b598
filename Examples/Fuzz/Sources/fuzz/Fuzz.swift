// Feeds CairnCrypto and CairnTree what libFuzzer invents, guided by which code that reaches:
//
//   swift build --package-path Examples/Fuzz -c release -Xswiftc -sanitize=fuzzer
//   Examples/Fuzz/.build/release/fuzz header CORPUS -max_total_time=600
//
// The first argument is header, armor, file or tree; the rest is libFuzzer's, see its -help=1. CORPUS
// is a folder of inputs to begin with, which grows; for tree, copy a small file of trees there, and
// give -max_len=65536.

import CairnCrypto

@_extern(c, "LLVMFuzzerRunDriver")
func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@main
enum Fuzz {
  static func main() {
    let body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    switch CommandLine.arguments.dropFirst().first {
    case "header": body = { fuzzHeader(UnsafeBufferPointer(start: $0, count: $1)) }
    case "armor": body = { fuzzArmor(UnsafeBufferPointer(start: $0, count: $1)) }
    case "file": body = { fuzzFile(UnsafeBufferPointer(start: $0, count: $1)) }
    case "tree": body = { fuzzTree(UnsafeBufferPointer(start: $0, count: $1)) }
    default:
      print("usage: fuzz header|armor|file|tree [CORPUS] [OPTION]...")
      return
    }
    // libFuzzer takes the second argument for its first.
    var count = CommandLine.argc - 1
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
      CommandLine.unsafeArgv + 1
    withUnsafeMutablePointer(to: &arguments) { _ = runDriver(&count, $0, body) }
  }
}

/// A header that is accepted is the only text of its stanzas.
private func fuzzHeader(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
  let bytes = Array(input)
  guard let header = try? Header.parse(bytes.span.bytes), let fileKey = try? FileKey() else {
    return 0
  }
  let again = try? Header.seal(fileKey, to: [Given(stanzas: header.stanzas)])
  let codeCount = 44
  precondition(again?.bytes.dropLast(codeCount) == header.bytes.dropLast(codeCount))
  return 0
}

/// An armor that is accepted differs from the one that is written in white space only.
private func fuzzArmor(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
  let text = Array(input)
  guard let file = try? Armor.decode(text) else { return 0 }
  func visible(_ text: [UInt8]) -> [UInt8] { text.filter { $0 > 32 } }
  precondition(visible(Armor.encode(file)) == visible(text))
  return 0
}

/// Nobody can seal for a key that nobody knows.
private func fuzzFile(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
  let bytes = Array(input)
  guard let fileKey = try? FileKey() else { return 0 }
  precondition((try? Age.open(bytes, with: [InjectedFileKey(fileKey)])) == nil)
  return 0
}

private struct Given: Recipient {
  let stanzas: [Stanza]

  func wrap(_ fileKey: FileKey) -> WrappedFileKey { WrappedFileKey(stanzas) }
}
