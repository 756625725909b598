import SystemPackage
import Testing

@testable import CairnSFTP

/// What a program says to people.
@Suite struct WordsTests {
  /// A program may close its standard error and go on. The end of a pipe can be read at any time, so
  /// whoever waits for something to read must not wait for that again.
  @Test func theirEndIsNotedOnce() throws {
    let pipe = try FileDescriptor.pipe()
    var words = Words(from: pipe.readEnd)
    try pipe.writeEnd.writeAll("so it is".utf8)
    var isMore = words.read()
    #expect(isMore && words.file != nil)
    try pipe.writeEnd.close()
    isMore = words.read()
    #expect(!isMore && words.file == nil)
    #expect(words.text == "so it is")
    words.close()
  }
}
