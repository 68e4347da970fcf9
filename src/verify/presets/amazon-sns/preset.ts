/**
 * Amazon SNS over HTTPS. Its certificates sign for everybody: that a message comes from one's own topic, its TopicArn alone says.
 * Version 1 of the signature is SHA-1, version 2 SHA-256. Messages that are delivered raw are not signed.
 */
import { custom } from '../../custom.ts';

const ADDRESS = 'https://sns.{region}.amazonaws.com/SimpleNotificationService-{name}.pem';
const CHINA = 'https://sns.{region}.amazonaws.com.cn/SimpleNotificationService-{name}.pem';
const common = {
  in: { member: 'Signature' },
  encoding: 'base64',
  key: { certificate: 'member:SigningCertURL', at: [ADDRESS, CHINA] },
  signed: '{lines:Message,MessageId,Subject,SubscribeURL,Timestamp,Token,TopicArn,Type}',
  // It tries again for an hour at most, with the time of the first try.
  time: { from: 'member:Timestamp', unit: 'date', toleranceSeconds: 3_600 },
} as const;
const topic = { member: 'TopicArn', is: { setting: 'topicArn' } } as const;

export const amazonSns = custom({
  name: 'amazon-sns',
  title: 'Amazon SNS',
  forms: [
    { ...common, algorithm: 'rsa-sha256', when: [{ member: 'SignatureVersion', is: '2' }, topic] },
    { ...common, algorithm: 'rsa-sha1', when: [{ member: 'SignatureVersion', is: '1' }, topic] },
  ],
  id: [['MessageId']],
  type: [['Type']],
  sample: 'notification',
  // Three more tries, 20 seconds apart, unless its delivery policy says otherwise.
  retries: { after: 'trouble', forMs: 60_000 },
  setUp: [
    'Set AMAZON_SNS_TOPIC_ARN to the ARN of the topic, and AMAZON_SNS_VERIFY=signature: Amazon publishes its certificates.',
    'Set the attribute SignatureVersion of the topic to 2. Where it must stay 1, which is SHA-1, set AMAZON_SNS_ALLOW_SHA1=true.',
    'Subscribe the URL of this source to the topic by HTTPS, without raw message delivery. By itself it gives up after a minute: give the subscription a delivery policy with more retries.',
  ],
  known: {
    from: 'docs.aws.amazon.com/sns: sns-verify-signature-of-message, http-notification-json, sns-message-delivery-retries, SendMessageToHttp; aws/aws-js-sns-message-validator; aws/aws-sdk-ruby message_verifier_spec.rb',
    asOf: '2026-11',
  },
  shownBy: 'vector',
});
