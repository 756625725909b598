import Testing

@testable import CairnCrypto

@Suite("Base64")
struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
    ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
  ])
  func vectorOfRFC4648WithoutPadding(bytes: String, text: String) {
    #expect(Base64.encode(bytes.utf8) == text)
    #expect(Base64.decode(text) == Array(bytes.utf8))
    #expect(Base64.encodedCount(bytes.utf8.count) == text.utf8.count)
  }

  @Test func everyByteReturns() {
    let bytes = Array(UInt8.min...UInt8.max)
    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
  }

  @Test(arguments: [
    "Z", "Zg==", "Zg=", "Zh", "Zm9", "Zm9vY", "Zm 9v", "Zm9v\n", "Zm-v", "Zm_v", "é",
  ])
  func refusesAllButTheOneText(text: String) {
    #expect(Base64.decode(text) == nil)
  }
}
