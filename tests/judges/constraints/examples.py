"""One hand-made text that satisfies and at least one that breaks each kind: kind -> (arguments, satisfying, breaking)."""

from typing import Any

NAMES = ["Ana", "Ben", "Cleo", "Grace"]
REQUEST = "Write a short poem about the sea."
ALPHABET_STORY = " ".join(f"{letter}nd so it goes." for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
COLUMNS = ["ID", "City"]
FIVE = {"keyword1": "door", "keyword2": "bread", "keyword3": "blue", "keyword4": "lamp", "keyword5": "river"}
FIVE_USED = "door" + " bread" * 2 + " blue" * 3 + " lamp" * 5 + " river" * 7
MCQ = "Question 1: Who?\nA) one\nB) two\nQuestion 2: Who was it?\nA) one\nB) two"

EXAMPLES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    # IFEval
    "keywords:existence": ({"keywords": ["sea", "blue sky"]}, ["The Sea and the blue  sky."], ["The season and a blue sky.", "sea blue"]),
    "keywords:frequency": ({"keyword": "sea", "frequency": 2, "relation": "at least"}, ["Sea, sea!"], ["The sea in this season."]),
    "keywords:forbidden_words": ({"forbidden_words": ["can", "c++"]}, ["A candle in C."], ["Yes, we CAN.", "I write C++ here."]),
    "keywords:letter_frequency": ({"letter": "e", "let_frequency": 3, "let_relation": "less than"}, ["Even so"], ["Even the sea"]),
    "language:response_language": (
        {"language": "de"},
        ["Das ist ein kurzer Satz über das Wetter in Ulm, und er ist auf Deutsch geschrieben."],
        ["This is a short sentence about the weather, and it is written in English.", "12345 !!"],
    ),
    "length_constraints:number_words": ({"num_words": 3, "relation": "less than"}, ["Two words."], ["These are three.", "don't go"]),
    "length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "exactly"}, ["Dr. Who is here. Is he?"], ["Just one e.g. this.", "One. Two. Three."],
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2}, ["One.\n***\nTwo.", "***\nOne.\n\nStill one.\n***\nTwo.\n***"], ["One.\n\nTwo.", "One.\n***\n***\nTwo."],
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"},
        ["First.\n\n\"Then\" it ended."], ["First.\n\nAnd then.", "Then.\n\nThen.\n\nThen.", "Only then."],
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2}, ["Dear [name], I live in [town]."], ["Dear [name].", "[x] done, see [here](http://a.b), []"],
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.S."}, ["Bye.\n\nP.S. I love you.", "Bye. *p. s.*: more"], ["Bye.", "Bye. P.S.", "The ups and downs."],
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2}, ["* one\n* two\n---\n*not one*", "- one\n  - two", "*one\n-two"], ["* one", "* one\n- two\n+ three", "*one*\n-2\n---"],
    ),
    "detectable_format:constrained_response": ({}, ["Well. My answer is maybe."], ["Maybe.", "My answer is yes. My answer is no."]),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2}, ["*one* and **two**"], ["*one*", "* one *two*", "** **, * *"],
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "SECTION", "num_sections": 2}, ["SECTION 1\na\nSECTION 2\nb"],
        ["SECTION 1\nas in SECTION 1", "Section 1\nSection 2"],
    ),
    "detectable_format:json_format": ({}, ['{"a": [1]}', '```json\n["a"]\n```'], ["Sure: {}", "42", '{"a": }']),
    "detectable_format:title": ({}, ["<<The Sea>>\nBlue."], ["<The Sea>", "<< >> no", "<<The\nSea>>"]),
    "combination:two_responses": ({}, ["One.\n******\nTwo."], ["One.", "One.****** One.", "One.\n******\nTwo.\n******\nThree.", "******\n******\nTwo."]),
    "combination:repeat_prompt": ({"prompt_to_repeat": REQUEST}, [REQUEST + "\n\nBlue."], ["Blue. " + REQUEST, "Write a short poem."]),
    "startend:end_checker": ({"end_phrase": "Any questions?"}, ["Well. Any questions?", '"Well. any\nquestions?"'], ["Any questions? No."]),
    "startend:quotation": ({}, ['"All of it."', " \u201cAll of it.\u201d\n"], ['"Part" of it', '"', '""']),
    "change_case:english_capital": ({}, ["IT IS 5 O'CLOCK."], ["IT iS.", "ЭТО ПО-РУССКИ", "123"]),
    "change_case:english_lowercase": ({}, ["it is 5 o'clock, π."], ["it Is.", "это по-русски", "123"]),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"}, ["NASA did IT."], ["NASA did It."],
    ),
    "punctuation:no_comma": ({}, ["One; two."], ["One, two.", "一，二"]),
    # IFBench: counts and ratios
    "count:word_count_range": ({"min_words": 2, "max_words": 3}, ["Two words"], ["One", "Here are four words"]),
    "count:unique_word_count": ({"N": 3}, ["One two, two three"], ["One two ONE."]),
    "count:keywords_multiple": (FIVE, [FIVE_USED], [FIVE_USED + " door", "door bread"]),
    "count:conjunctions": ({"small_n": 2}, ["This and that, or nothing"], ["and, And; and!"]),
    "count:person_names": ({"N": 2, "names": NAMES}, ["Ana met Ben."], ["Ana met Ana with grace, and Bens."]),
    "count:pronouns": ({"N": 2}, ["I like it."], ["Ana likes it."]),
    "count:punctuation": ({}, ["A; b: c, d. e! f? g?!"], ["A; b: c, d. e g?!", "A; b: c, d. e! f?"]),
    "count:numbers": ({"N": 2}, ["From 1,000 to 3.5."], ["One 1.", "1 2 3"]),
    "count:words_japanese": ({"N": 2}, ["one 二 three 四", "one 22 three よん"], ["one two", "one", "one 二 three four"]),
    "ratio:stop_words": ({"percentage": 50}, ["The sea, waves"], ["It is the sea"]),
    "ratio:sentence_type": ({}, ["One. Two. Three?"], ["One. Two?", "One!", "One. Two."]),
    "ratio:sentence_balance": ({}, ["One. Two? Three!"], ["One. Two?", "One. Two. Three? Four!", "title"]),
    "ratio:sentence_words": ({}, ["One cat. Two dog. Six elk."], ["One cat. Two dog.", "One cat. Two dog. Six cats.", "One cat. Two cat. Six elk."]),
    "ratio:overlap": ({"percentage": 50, "reference_text": "abcde"}, ["abcdxy", "bcdexy"], ["abcde", "xyz", "ab"]),
    # IFBench: words
    "words:alphabet": ({}, ["Yes, Zebras are beautiful."], ["A cat.", "An bee dog.", "1 two"]),
    "words:vowel": ({}, ["A man went in the rain.\nHe ran."], ["A man went in to run.", "A man.\n\nA hat."]),
    "words:consonants": ({}, ["Dark plants thrive 10 months"], ["Dark sea"]),
    "words:palindrome": ({"palindromes": 2}, ["Level civic."], ["Level noon.", "Level."]),
    "words:prime_lengths": ({}, ["To the it's seven."], ["To be a sea.", "four"]),
    "words:repeats": ({"small_n": 2}, ["So so, well."], ["So so, so."]),
    "words:no_consecutive": ({}, ["The old sea."], ["The tall sea.", "Old, Only"]),
    "words:words_position": ({"keyword": "sea"}, ["The sea and the sea calls!", "A sea calls"], ["The sea and the sea.", "sea", "A lake and a sea calls"]),
    "words:keywords_specific_position": (
        {"keyword": "sea", "n": 2, "m": 3}, ["Listen. To the Sea it is."], ["Listen. To a deep sea.", "Listen. The sea.", "To the sea."],
    ),
    "words:last_first": ({}, ["I like cats. Cats like me. Me?"], ["I like cats. Dogs too.", "I like cats."]),
    "words:paragraph_last_first": ({}, ["Sea and sea.\nblue is so Blue!"], ["Sea and sea.\nBlue is sea.", "..."]),
    # IFBench: sentences and form
    "sentence:keyword": ({"word": "sea", "N": 2}, ["One. The sea."], ["The sea. One.", "The sea.", "One. The season."]),
    "sentence:increment": ({"small_n": 2}, ["One. Two more here. Now there are five words."], ["One. Two more.", "One."]),
    "sentence:alliteration_increment": (
        {}, ["The cat. Big boats here. Seven silly sailors sang."], ["Big boats. Tall trees.", "Big bears bite. Tall trees.", "Big boats."],
    ),
    "format:parentheses": ({"levels": 3}, ["(a [b {c}])"], ["(a [b])", "(a [b {c", "(a [b {c]})"]),
    "format:quotes": (
        {"levels": 3}, ["\"She said 'he said \"no\" to me' then.\"", "\u201cIt's \u2018a \u201cb\u201d\u2019 c\u201d"],
        ["\"She said 'no' then.\"", "It's Ana's cat's and 'that'.", "\"a 'b \"c"],
    ),
    "format:options": ({"options": "a), b), c)"}, ["b)", "**B).**"], ["d)", "b", "b) because", "a) b)"]),
    "format:newline": ({}, ["one\n\ntwo\n"], ["one two", "one\ntwo three"]),
    "format:line_indent": ({}, ["one\n  two\n\n   three"], ["one", "one\ntwo", "one\n  two\n  three"]),
    "format:quote_unquote": ({}, ['"Sea" means water. "Sky" means air.', "nothing quoted"], ['He said "sea".', '"Sea" "sky" means air.']),
    "format:list": ({"sep": "SEPARATOR"}, ["SEPARATOR one\nSEPARATOR two", "one SEPARATOR two SEPARATOR three"], ["SEPARATOR one", "one, two"]),
    "format:thesis": (
        {}, ["# Sea\n<i>It is blue.</i> Indeed.\n# Sky\n<em>So is it.</em> Yes.", "<i>It is blue.</i> Indeed."],
        ["# Sea\n<i>It is blue.</i> Indeed.\n# Sky\nNo.", "It is <i>blue</i> indeed.", "<i> </i> Indeed.", "# Sea"],
    ),
    "format:sub-bullets": ({}, ["* one\n  - a\n* two\n  - b\n  - c"], ["* one\n* two\n  - b", "no bullets - at all", "- a"]),
    "format:no_bullets_bullets": ({}, ["One. Two.\n\n* a\n* b"], ["One.\n* a\n* b", "One. Two.\n* a", "* a\n* b\nOne. Two.", "One. Two."]),
    "format:output_template": (
        {"labels": ["My Answer:", "My Conclusion:"]}, ["My Answer: 4\nMy Conclusion: even"],
        ["My Conclusion: even\nMy Answer: 4", "My Answer: 4", "My Answer: 4\nMy Conclusion:"],
    ),
    "format:no_whitespace": ({}, ["OneTwo", " One\n"], ["One Two", "One\nTwo"]),
    "format:title_case": ({}, ["The Sound of the Sea in NATO Towns"], ["The sound of the Sea"]),
    "format:emoji": ({}, ["Hello there. 😀 And more 🎉!"], ["Hello 😀. And more.", "😀 Hello."]),
    # IFBench: repetition and single tasks
    "repeat:repeat_change": ({"prompt_to_repeat": REQUEST}, ["Compose a short poem about the sea."], [REQUEST, "Compose a poem."]),
    "repeat:repeat_simple": ({"sentence": "Only this."}, [" only THIS.\n"], ["Only this. And that."]),
    "repeat:repeat_span": (
        {"prompt_to_repeat": REQUEST, "n_start": 1, "n_end": 3}, ["a short poem", "Write a short"], ["short poem", "a short poem about"],
    ),
    "custom:multiples": ({"first": 10, "last": 30, "factor": 7}, ["14, 21, 28"], ["14, 21", "14, 28, 21", "10, 14, 21, 28", "none"]),
    "custom:mcq_count_length": (
        {"questions": 2, "options": 2}, [MCQ], ["Here: " + MCQ, MCQ.replace("A) one\n", "", 1), MCQ.replace("Who was it?", "W?"), "Question 1: A?"],
    ),
    "custom:reverse_newline": ({"items": 3}, ["1. Ulm\n2. Élan\n3. Bonn"], ["Bonn\nUlm\nAue", "Ulm\nBonn"]),
    "custom:word_reverse": ({"phrase": "Bald eagle"}, ["eagle bald the is It"], ["It is the bald eagle"]),
    "custom:character_reverse": ({"phrase": "bald eagle"}, [".elgae dlab eht s'tI"], ["The bald eagle."]),
    "custom:sentence_alphabet": ({}, [ALPHABET_STORY], [ALPHABET_STORY + " One more.", ALPHABET_STORY.replace("Bnd", "And"), "And so."]),
    "custom:date_format_list": ({}, ["1796-05-10, 1800-06-14"], ["1796-05-10 1800-06-14", "1796-02-30", "10 May 1796", "Dates: 1796-05-10"]),
    "custom:csv": (
        {"columns": COLUMNS, "rows": 2, "quoted": "special"}, ['ID,City\n1,Ulm\n2,"St. Gallen, CH"'],
        ["City,ID\n1,Ulm\n2,Aue", 'ID,City\n1,"U.lm"', 'ID,City\n1,"U.lm"\n2', "ID,City\n1,Ulm\n2,Aue", "no table"],
    ),
}  # fmt: skip
