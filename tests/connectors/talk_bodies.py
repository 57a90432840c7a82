"""Bodies of the vendors' own examples, byte for byte: signatures cover exact bytes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Body:
    """`signature` is what stands in X-Hub-Signature-256, where the service signs."""

    raw: bytes
    signature: str = ""


WHATSAPP_MESSAGE_TEXT = Body(
    (
        b'{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"value":{'
        b'"messaging_product":"whatsapp","metadata":{"display_phone_number":"74950003344",'
        b'"phone_number_id":"106540000000001"},"contacts":[{"profile":{'
        b'"name":"\\u041c\\u0430\\u0440\\u0438\\u044f"},"wa_id":"79160001122","user_id":"RU.1349000000001"}],'
        b'"messages":[{"from":"79160001122","id":"wamid.HBgLNzkxNjAwMDExMjIVAgASGBQzQUZFMDAwMQA=",'
        b'"timestamp":"1764576000","type":"text","text":{'
        b'"body":"\\u0417\\u0434\\u0440\\u0430\\u0432\\u0441\\u0442\\u0432\\u0443\\u0439\\u0442\\u0435!"}}]},'
        b'"field":"messages"}]}]}'
    ),
    "sha256=266b6245bb9a45e52f5f4594ee35f5996cf821f914a1f3f42bde9e9a7db558b7",
)
WHATSAPP_MESSAGE_AD = Body(
    (
        b'{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"value":{'
        b'"messaging_product":"whatsapp","metadata":{"display_phone_number":"74950003344",'
        b'"phone_number_id":"106540000000001"},"contacts":[{"profile":{'
        b'"name":"\\u041c\\u0430\\u0440\\u0438\\u044f"},"wa_id":"79160001122","user_id":"RU.1349000000001"}],'
        b'"messages":[{"from":"79160001122","id":"wamid.HBgLNzkxNjAwMDExMjIVAgASGBQzQUZFMDAwMgA=",'
        b'"timestamp":"1764576060","type":"text","text":{'
        b'"body":"\\u0425\\u043e\\u0447\\u0443 \\u0443\\u0437\\u043d\\u0430\\u0442\\u044c \\u043f\\u043e\\u0434\\u0440'
        b'\\u043e\\u0431\\u043d\\u0435\\u0435"},"referral":{"source_url":"https://fb.me/xExample",'
        b'"source_type":"ad","source_id":"120200000000001",'
        b'"headline":"\\u041e\\u043a\\u043d\\u0430 \\u0441\\u043e \\u0441\\u043a\\u0438\\u0434\\u043a\\u043e\\u0439",'
        b'"body":"\\u0420\\u0430\\u0441\\u0447\\u0451\\u0442 \\u0437\\u0430 5 \\u043c\\u0438\\u043d\\u0443\\u0442",'
        b'"media_type":"image","image_url":"https://example.com/a.jpg","ctwa_clid":"ARexample"}}]},'
        b'"field":"messages"}]}]}'
    ),
    "sha256=179a484c94980004a13b228f892380b6895366ace2d5f0eda4daa155196848f4",
)
WHATSAPP_MESSAGE_AUDIO = Body(
    (
        b'{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"value":{'
        b'"messaging_product":"whatsapp","metadata":{"display_phone_number":"74950003344",'
        b'"phone_number_id":"106540000000001"},"contacts":[{"profile":{'
        b'"name":"\\u041c\\u0430\\u0440\\u0438\\u044f"},"wa_id":"79160001122","user_id":"RU.1349000000001"}],'
        b'"messages":[{"from":"79160001122","id":"wamid.HBgLNzkxNjAwMDExMjIVAgASGBQzQUZFMDAwMwA=",'
        b'"timestamp":"1764576090","type":"audio","audio":{"mime_type":"audio/ogg; codecs=opus",'
        b'"sha256":"n1b0vH0+o0o0o0o0o0o0o0o0o0o0o0o0o0o0o0o0o0o=","id":"1013000000000001","voice":true}}]}'
        b',"field":"messages"}]}]}'
    ),
    "sha256=619f9e1d538fdd5ac57140cfdb9b33802add8146c5e379a65366b67ae77181e2",
)
WHATSAPP_MESSAGE_NO_PHONE = Body(
    (
        b'{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"value":{'
        b'"messaging_product":"whatsapp","metadata":{"display_phone_number":"74950003344",'
        b'"phone_number_id":"106540000000001"},"contacts":[{"profile":{'
        b'"name":"\\u041c\\u0430\\u0440\\u0438\\u044f","username":"masha_r"},"user_id":"RU.1349000000001"}],'
        b'"messages":[{"from_user_id":"RU.1349000000001","id":"wamid.HBgSUlUuMTM0OTAwMDAwMDAwMQA=",'
        b'"timestamp":"1764576120","type":"text","text":{"body":"\\u041f\\u0440\\u0438\\u0432\\u0435\\u0442"}}]}'
        b',"field":"messages"}]}]}'
    ),
    "sha256=624b1369ef7ce651a1bb1392d50cb8114369dc93ed9c76d6582bb853e05ab514",
)
WHATSAPP_STATUS_FAILED = Body(
    (
        b'{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"value":{'
        b'"messaging_product":"whatsapp","metadata":{"display_phone_number":"74950003344",'
        b'"phone_number_id":"106540000000001"},"statuses":[{'
        b'"id":"wamid.HBgLNzkxNjAwMDExMjIVAgARGBI5MDAwAA==","status":"failed","timestamp":"1764576200",'
        b'"recipient_id":"79160001122","errors":[{"code":131047,"title":"Re-engagement message",'
        b'"message":"Re-engagement message","error_data":{'
        b'"details":"Message failed to send because more than 24 hours have passed since the customer last'
        b' replied to this number."},'
        b'"href":"https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"}]}]},'
        b'"field":"messages"}]}]}'
    ),
    "sha256=fd39ebaa88e2022177bc3e15ed8a75d9e73778fe71632e7e456e89e18e464df8",
)
META_LEADGEN = Body(
    (
        b'{"object":"page","entry":[{"id":"153120000000001","time":1764576000,"changes":[{'
        b'"field":"leadgen","value":{"leadgen_id":"444440000000001","page_id":"153120000000001",'
        b'"form_id":"555550000000001","adgroup_id":"238400000000001","ad_id":"238400000000002",'
        b'"created_time":1764575998}}]}]}'
    ),
    "sha256=34c268809604a45d8ad1ff071f4aee8bbcda7a5226e66f644c7c88ca5b782265",
)
INSTAGRAM_MESSAGE = Body(
    (
        b'{"object":"instagram","entry":[{"time":1764576000123,"id":"178414000000001","messaging":[{'
        b'"sender":{"id":"998870000000001"},"recipient":{"id":"178414000000001"},'
        b'"timestamp":1764575999000,"message":{"mid":"aWdfZAG1_example",'
        b'"text":"\\u0415\\u0441\\u0442\\u044c \\u0432 \\u043d\\u0430\\u043b\\u0438\\u0447\\u0438\\u0438?"}}]}]}'
    ),
    "sha256=d9747293b91923a453fdf98372015638db58f109a2fecdf20c88c8d691d8009f",
)
WAZZUP_MESSAGE = Body(
    (
        '{"messages":[{"messageId":"7b1c0a54-1d2f-4c44-9e50-0c3c5c000001",'
        '"channelId":"c0ffee00-0000-4000-8000-000000000001","chatType":"whatsapp","chatId":"79160001122",'
        '"dateTime":"2025-12-01T08:00:00.000Z","type":"text","isEcho":false,"text":"Здравствуйте!",'
        '"status":"inbound","contact":{"name":"Мария","avatarUri":"https://example.com/a.jpg"}},{'
        '"messageId":"7b1c0a54-1d2f-4c44-9e50-0c3c5c000002",'
        '"channelId":"c0ffee00-0000-4000-8000-000000000001","chatType":"whatsapp","chatId":"79160001122",'
        '"dateTime":"2025-12-01T08:01:00.000Z","type":"text","isEcho":true,"text":"Добрый день,'
        ' чем помочь?","status":"sent","authorName":"Иванов Пётр","authorId":"501","sentFromApp":true,'
        '"contact":{"name":"Мария"}}]}'
    ).encode(),
)
WAZZUP_STATUS = Body(
    (
        b'{"statuses":[{"messageId":"7b1c0a54-1d2f-4c44-9e50-0c3c5c000002",'
        b'"timestamp":"2025-12-01T08:01:05.000Z","status":"delivered"},{'
        b'"messageId":"7b1c0a54-1d2f-4c44-9e50-0c3c5c000003","timestamp":"2025-12-01T08:01:06.000Z",'
        b'"status":"error","error":{"error":"BAD_CONTACT","description":"no such account"}}]}'
    ),
)
GREENAPI_INCOMING_TEXT = Body(
    (
        '{"typeWebhook":"incomingMessageReceived","instanceData":{"idInstance":1101000001,'
        '"wid":"74950003344@c.us","typeInstance":"whatsapp"},"timestamp":1764576000,'
        '"idMessage":"3EB0A1C2D3E4F5061728","senderData":{"chatId":"79160001122@c.us",'
        '"sender":"79160001122@c.us","chatName":"Мария","senderName":"Мария",'
        '"senderContactName":"Мария Ромашка"},"messageData":{"typeMessage":"textMessage",'
        '"textMessageData":{"textMessage":"Здравствуйте!"}}}'
    ).encode(),
)
GREENAPI_OUTGOING_STATUS = Body(
    (
        b'{"typeWebhook":"outgoingMessageStatus","chatId":"79160001122@c.us","instanceData":{'
        b'"idInstance":1101000001,"wid":"74950003344@c.us","typeInstance":"whatsapp"},'
        b'"timestamp":1764576100,"idMessage":"3EB0FFEEDDCC00112233","status":"noAccount","sendByApi":true}'
    ),
)
